import { Agent, request } from 'node:http';
import { expect, test } from 'vitest';
import type { BehaviourChange, Fault } from '../../../infra/simulator/faults/behaviour.ts';
import { FLOW, FROM, patiently, start, TO } from '../../support/simulator.ts';

const executions = `/v2/Flows/${FLOW}/Executions`;
const form = { To: TO, From: FROM };
type FaultInput = NonNullable<BehaviourChange['faults']>[number];

async function startWith(...faults: FaultInput[]) {
  return start({ behaviour: { faults } });
}

test.each([
  ['undone', 0],
  ['done', 1],
] as const)('an error, with the work %s', async (work, created) => {
  const { call, studio } = await startWith({ kind: 'error', status: 500, work });
  const answer = await call(executions, { form });
  expect([answer.status, answer.body.code, answer.body.status]).toEqual([500, 20500, 500]);
  expect(studio.store.count().active).toBe(created);
});

test.each([
  ['undone', 0],
  ['done', 1],
] as const)('a cut connection, with the work %s', async (work, created) => {
  const { call, studio } = await startWith({ kind: 'cut', work });
  await expect(call(executions, { form })).rejects.toThrow('fetch failed');
  expect(studio.store.count().active).toBe(created);
  expect(studio.requests).toMatchObject([{ status: null, fault: 'cut' }]);
});

test.each([
  [400, 20001],
  [401, 20003],
  [404, 20404],
  [409, 20409],
  [429, 20429],
  [500, 20500],
  [503, 20503],
  [504, 20500],
])('an error of status %i has the code %i', async (status, code) => {
  const { call } = await startWith({ kind: 'error', status });
  const { body } = await call(executions);
  expect([body.status, body.code]).toEqual([status, code]);
});

test('a 429 out of turn does nothing and says when to come back', async () => {
  const { call, studio } = await startWith({ kind: 'throttle', work: 'done' });
  studio.behave({ retryAfter: { form: 'seconds', seconds: 1 } });
  const answer = await call(executions, { form });
  expect([answer.status, answer.headers.get('Retry-After')]).toEqual([429, '1']);
  expect(studio.store.count().active).toBe(0);
});

test('a connection that is cut in the middle of the body comes after the work', async () => {
  const { call, studio } = await startWith({ kind: 'cut-body' });
  await expect(call(executions, { form })).rejects.toThrow('terminated');
  expect(studio.store.count().active).toBe(1);
});

test.each([
  [undefined, 502],
  [200, 200],
  [503, 503],
])('a page of HTML with status %s', async (status, expected) => {
  const { call } = await startWith({ kind: 'html', ...(status && { status }) });
  const answer = await call(executions);
  expect(answer.status).toBe(expected);
  expect(answer.headers.get('content-type')).toBe('text/html');
  expect(answer.text).toContain('<html>');
});

test('truncated JSON is a whole answer that cannot be parsed', async () => {
  const { call } = await startWith({ kind: 'truncated-json' });
  await expect(call(executions)).rejects.toThrow(SyntaxError);
});

test('JSON of another kind', async () => {
  const { call } = await startWith({ kind: 'other-json' });
  expect((await call(executions)).body).toEqual({ message: 'OK' });
  const told = await startWith({ kind: 'other-json', body: { sid: 'not a SID' } });
  expect((await told.call(executions)).body).toEqual({ sid: 'not a SID' });
});

test('a body of fifty megabytes is the right answer and white space', async () => {
  const { call } = await startWith({ kind: 'huge-body' });
  const { body, text } = await call(executions);
  expect(text.length).toBeGreaterThan(50 * 1024 * 1024);
  expect(body.meta.key).toBe('executions');
});

test.each(['endless-body', 'dripping-body', 'hang'] as const)(
  '%s ends when the client goes',
  async (kind) => {
    const { studio } = await startWith({ kind });
    const abort = new AbortController();
    let bytes = 0;
    const gone = new Promise<void>((resolve) => {
      const authorization = `Basic ${Buffer.from(`SK${'a'.repeat(32)}:local`).toString('base64')}`;
      const sent = request(
        studio.url + executions,
        { signal: abort.signal, headers: { authorization } },
        (response) => {
          response.on('data', (chunk: Buffer) => {
            bytes += chunk.length;
            if (bytes > 40) abort.abort();
          });
          response.on('error', () => resolve());
        },
      );
      sent.on('error', () => resolve());
      sent.end();
    });
    // Nothing comes from one that hangs: the client gives up, as its deadline tells it to.
    if (kind === 'hang') {
      await patiently(() => studio.requests.length).toBe(1);
      abort.abort();
    }
    await gone;
    expect(bytes > 40).toBe(kind !== 'hang');
    await patiently(() => studio.requests.length).toBe(1);
  },
);

test('a fault strikes every nth request of its operations, after some, and at most some times', async () => {
  const { call } = await startWith({
    kind: 'error',
    operations: ['ListExecution'],
    after: 2,
    every: 3,
    times: 2,
  });
  const statuses: number[] = [];
  for (let sent = 0; sent < 14; sent++) {
    statuses.push((await call(executions)).status);
    expect((await call('/v2/Flows')).status).toBe(200);
  }
  expect(statuses.map((status, index) => (status === 503 ? index + 1 : 0)).filter(Boolean)).toEqual([5, 8]);
});

test('a probability is met, and the same seed strikes the same requests', async () => {
  const strikes = async (seed: number) => {
    const { call } = await start({ seed, behaviour: { faults: [{ kind: 'error', probability: 0.2 }] } });
    const statuses: number[] = [];
    for (let sent = 0; sent < 200; sent++) statuses.push((await call('/v2/Flows')).status);
    return statuses;
  };
  const first = await strikes(11);
  expect(await strikes(11)).toEqual(first);
  expect(await strikes(12)).not.toEqual(first);
  const struck = first.filter((status) => status === 503).length;
  expect(struck).toBeGreaterThan(20);
  expect(struck).toBeLessThan(60);
});

test('another behaviour midway leaves the counters of the faults alone, new faults count anew', async () => {
  const { call, studio } = await startWith({ kind: 'error', every: 3 });
  const status = async () => (await call('/v2/Flows')).status;
  expect([await status(), await status()]).toEqual([200, 200]);
  studio.behave({ maxInFlight: 50 });
  expect(await status()).toBe(503);
  await status();
  studio.behave({ faults: [{ kind: 'error', every: 3 }] });
  expect([await status(), await status(), await status()]).toEqual([200, 200, 503]);
});

test('another fault in the list does not move where one strikes', async () => {
  const where = async (...others: FaultInput[]) => {
    const { call } = await startWith({ kind: 'error', status: 500, probability: 0.3 }, ...others);
    const struck: number[] = [];
    for (let sent = 0; sent < 50; sent++) if ((await call('/v2/Flows')).status === 500) struck.push(sent);
    return struck;
  };
  expect(await where({ kind: 'error', status: 503, every: 2 })).toEqual(await where());
});

test('a fault for reused connections leaves fresh ones alone', async () => {
  const { studio } = await startWith({ kind: 'error', reusedSocketOnly: true });
  const authorization = `Basic ${Buffer.from(`SK${'a'.repeat(32)}:local`).toString('base64')}`;
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const get = () =>
    new Promise<number>((resolve, reject) => {
      request(`${studio.url}/v2/Flows`, { agent, headers: { authorization } }, (response) => {
        response.resume().on('end', () => resolve(response.statusCode ?? 0));
      })
        .on('error', reject)
        .end();
    });
  expect([await get(), await get()]).toEqual([200, 503]);
  agent.destroy();
});

test('stubborn executions answer the same for ever, and the same ones for a seed', async () => {
  const { call, studio } = await start();
  studio.store.seed({ flowSid: FLOW, count: 200 });
  const sids = [...studio.store.list()].map(({ sid }) => sid);
  const [first] = sids;
  studio.behave({
    stubborn: [
      { sids: [first ?? ''], operations: ['DeleteExecution'], status: 409 },
      { share: 0.1, operations: ['DeleteExecution'], status: 500 },
    ],
  });

  for (let attempt = 0; attempt < 3; attempt++)
    expect((await call(`${executions}/${first}`, { method: 'DELETE' })).status).toBe(409);
  expect((await call(`${executions}/${first}`)).status).toBe(200);
  const refused: string[] = [];
  for (const sid of sids.slice(1))
    if ((await call(`${executions}/${sid}`, { method: 'DELETE' })).status === 500) refused.push(sid);
  expect(refused.length).toBeGreaterThan(5);
  expect(refused.length).toBeLessThan(40);
  expect([...studio.store.list()].map(({ sid }) => sid)).toEqual([first, ...refused]);
});

test('rotated credentials are refused until the new pair is used', async () => {
  const { call, studio } = await start();
  const username = `SK${'b'.repeat(32)}`;
  studio.behave({ credentials: [{ username, password: 'new' }] });

  expect((await call(executions)).body.code).toBe(20003);
  const Authorization = `Basic ${Buffer.from(`${username}:new`).toString('base64')}`;
  expect((await call(executions, { headers: { Authorization } })).status).toBe(200);
});

test('a wrong behaviour is refused and changes nothing', async () => {
  const { studio } = await start();
  const before = studio.behaviour();
  const wrong: Fault['kind'][] = JSON.parse('["explode"]');
  expect(() => studio.behave({ faults: wrong.map((kind) => ({ kind })) })).toThrow();
  expect(() => studio.behave({ latencyMs: -1 })).toThrow();
  expect(studio.behaviour()).toBe(before);
});

test('errors can have the form of RFC 9457', async () => {
  const { call, studio } = await start({ behaviour: { errors: 'problem' } });
  const answer = await call(executions, { form: { To: '+0', From: FROM } });
  expect(answer.status).toBe(400);
  expect(answer.headers.get('content-type')).toBe('application/problem+json');
  expect(JSON.parse(answer.text)).toMatchObject({ status: 400, code: 21211, title: expect.any(String) });
  expect(JSON.parse(answer.text)).not.toHaveProperty('more_info');
  studio.behave({ errors: 'twilio' });
  expect((await call(executions, { form: { To: '+0', From: FROM } })).body).toHaveProperty('more_info');
});
