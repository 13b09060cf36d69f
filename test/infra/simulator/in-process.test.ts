import { expect, test } from 'vitest';
import type { BehaviourChange } from '../../../infra/simulator/faults/behaviour.ts';
import { createSimulatedStudio } from '../../../infra/simulator/in-process.ts';
import { createStudio } from '../../../lib/studio/client.ts';
import { FLOW, FROM, NOBODY, NOON, patiently, start, TO } from '../../support/simulator.ts';
import { ACCOUNT, createInProcess, inProcessTransport } from '../../support/studio/in-process.ts';

const authorization = `Basic ${Buffer.from(`${ACCOUNT.username}:${ACCOUNT.password}`).toString('base64')}`;
const executions = `/v2/Flows/${FLOW}/Executions`;
const request = { to: TO, from: FROM };

test('without a socket the answers are those of the server', async () => {
  const { call, studio } = await start();
  const inProcess = createSimulatedStudio({ now: () => NOON });
  for (const { store } of [studio, inProcess]) store.seed({ flowSid: FLOW, count: 60, activeShare: 0.5 });

  for (const path of ['/v2/Flows', executions, `${executions}?PageSize=0`, '/v2/Nothing']) {
    const overSocket = await call(path);
    const { status, headers, body } = await inProcess.request({
      method: 'GET',
      path,
      headers: { authorization },
    });
    const seen = (text: string) => text.replaceAll(/https?:\/\/(127[^/]*|simulated-studio)/g, '');
    expect({ status, body: seen(body) }).toEqual({ status: overSocket.status, body: seen(overSocket.text) });
    for (const name of ['content-type', 'twilio-request-id'])
      expect(headers[name]).toBe(overSocket.headers.get(name));
  }
});

test('the client triggers, lists, ends and deletes over it, and the journal tells', async () => {
  const { client, studio } = createInProcess();

  const created = await client.executions.create(FLOW, request);
  if (created.outcome !== 'created') throw new Error('it should have been created');
  const { sid } = created.execution;
  expect(await client.executions.create(FLOW, request)).toMatchObject({ conflictingExecutionSid: sid });
  expect(await client.executions.end(FLOW, sid)).toMatchObject({ outcome: 'ended' });
  expect(await client.executions.delete(FLOW, sid)).toEqual({ outcome: 'deleted' });

  expect(studio.requests.map(({ operation, status }) => [operation, status])).toEqual([
    ['CreateExecution', 201],
    ['CreateExecution', 409],
    ['UpdateExecution', 200],
    ['DeleteExecution', 204],
  ]);
});

test('every page is read, and a wait moves the clock instead of taking time', async () => {
  const { client, studio, clock } = createInProcess({ behaviour: { latencyMs: 50 } });
  studio.store.seed({ flowSid: FLOW, count: 2_500 });
  const sids = new Set<string>();
  for await (const { sid } of client.executions.list(FLOW, { pageSize: 1_000 })) sids.add(sid);
  expect(sids.size).toBe(2_500);
  expect(clock.nowMs).toBe(NOON + 3 * 50);
});

test.each<[string, BehaviourChange, string, number]>([
  ['a lost answer', { faults: [{ kind: 'cut', work: 'done' }] }, 'unknown', 1],
  ['a silence', { faults: [{ kind: 'hang', work: 'done' }] }, 'unknown', 1],
  ['half an answer', { faults: [{ kind: 'cut-body' }] }, 'unknown', 1],
  ['a byte at a time', { faults: [{ kind: 'dripping-body' }] }, 'unknown', 1],
  ['an endless body', { faults: [{ kind: 'endless-body' }] }, 'unknown', 1],
  ['half of the JSON', { faults: [{ kind: 'truncated-json' }] }, 'unknown', 1],
  ['a page of HTML', { faults: [{ kind: 'html', status: 503 }] }, 'unknown', 0],
  ['two 429s', { faults: [{ kind: 'throttle', times: 2 }] }, 'created', 1],
])('a create that meets %s', async (_, behaviour, outcome, created) => {
  const { client, studio } = createInProcess({ behaviour });
  expect(await client.executions.create(FLOW, request)).toMatchObject({ outcome });
  expect(studio.store.count().active).toBe(created);
});

test('limits a second run on the same clock', async () => {
  const retryAfter = { form: 'seconds', seconds: 1 } as const;
  const behaviour = { createsPerSecond: 1, retryAfter };
  const { client, studio, clock } = createInProcess({ behaviour });
  for (const to of [TO, '+15005550007', '+15005550008'])
    expect(await client.executions.create(FLOW, { to, from: FROM })).toMatchObject({ outcome: 'created' });
  expect(studio.statistics().throttled).toBe(2);
  expect(clock.nowMs).toBeGreaterThanOrEqual(NOON + 2_000);
});

test('a call that is given up ends at once', async () => {
  const studio = createSimulatedStudio({ behaviour: { faults: [{ kind: 'hang' }] } });
  const transport = inProcessTransport(studio, () => new Promise(() => undefined));
  const client = createStudio({ ...ACCOUNT, transport });
  const signal = AbortSignal.timeout(10);
  await expect(client.executions.fetch(FLOW, NOBODY, { signal })).rejects.toMatchObject({ kind: 'aborted' });
});

test('what timed out may still appear, and a list may lag behind', async () => {
  const late = { kind: 'hang', work: 'done', workDelayMs: 8_000, times: 1 } as const;
  const { studio, clock } = createInProcess({
    behaviour: { faults: [late], listLagMs: 5_000 },
    sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms / 1_000)),
  });
  const transport = inProcessTransport(studio);
  const client = createStudio({ ...ACCOUNT, transport, now: () => clock.nowMs });
  const listed = async (atMs: number) => {
    clock.nowMs = NOON + atMs;
    const sids: (string | null)[] = [];
    for await (const { sid } of client.executions.list(FLOW)) sids.push(sid);
    return sids;
  };
  expect(await client.executions.create(FLOW, request)).toMatchObject({ outcome: 'unknown' });
  expect(studio.store.count().active).toBe(0);
  clock.nowMs = NOON + 8_000;
  await patiently(() => studio.store.count().active).toBe(1);
  const [{ sid } = { sid: '' }] = studio.store.list();

  expect(await listed(12_999)).toEqual([]);
  expect(await listed(13_000)).toEqual([sid]);
  await client.executions.delete(FLOW, sid);
  expect(await listed(17_999)).toEqual([sid]);
  expect(await listed(18_000)).toEqual([]);
});
