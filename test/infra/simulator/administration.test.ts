import { expect, test } from 'vitest';
import { FLOW, OTHER_FLOW, start } from '../../support/simulator.ts';

/** Without credentials: only `npm start` and the benchmarks speak to it, on loopback. */
async function administer(url: string, path: string, body?: unknown) {
  const post = { method: 'POST', body: typeof body === 'string' ? body : JSON.stringify(body) };
  const response = await fetch(`${url}/__simulator/${path}`, body === undefined ? {} : post);
  const answer: { [member: string]: unknown; message?: string } = JSON.parse(await response.text());
  return { status: response.status, body: answer };
}

test('the behaviour is read and changed, one member at a time', async () => {
  const { studio, call } = await start();

  expect((await administer(studio.url, 'behaviour')).body).toMatchObject({ latencyMs: 0, maxInFlight: 100 });
  const changed = await administer(studio.url, 'behaviour', { faults: [{ kind: 'error' }] });
  expect(changed.body).toMatchObject({ maxInFlight: 100, faults: [{ kind: 'error', work: 'undone' }] });
  expect((await call('/v2/Flows')).status).toBe(503);
  await administer(studio.url, 'behaviour', { faults: [] });
  expect((await call('/v2/Flows')).status).toBe(200);
});

test.each([
  ['behaviour', { latency: 5 }, 'latency: There is no such member'],
  ['behaviour', { faults: [{ kind: 'cut', time: 1 }] }, 'faults.0.time: There is no such member'],
  ['behaviour', { faults: [{}] }, 'faults.0.kind: This member is missing'],
  ['behaviour', { latencyMs: 'long' }, 'latencyMs'],
  ['behaviour', { faults: [{ kind: 'explode' }] }, 'faults.0.kind'],
  ['behaviour', 'not json', 'not JSON'],
  ['behaviour', 'null', 'Object'],
  ['seed', '[]', 'flowSid: This member is missing'],
  ['seed', { flowSid: 'FW1', count: 1 }, 'flowSid'],
  ['seed', { flowSid: FLOW, count: -1 }, 'count'],
  [
    'seed',
    {
      flowSid: FLOW,
      count: 1,
      dateCreatedFrom: '2026-02-02T00:00:00Z',
      dateCreatedTo: '2026-01-01T00:00:00Z',
    },
    'order',
  ],
  ['seed', { flowSid: FLOW, count: 20, firstContact: 9_999_990 }, '10 million'],
])('POST %s with %j is refused with its reason and changes nothing', async (path, body, reason) => {
  const { studio } = await start();
  const before = studio.behaviour();

  const answer = await administer(studio.url, path, body);

  expect(answer.status).toBe(400);
  expect(answer.body.message).toContain(reason);
  expect(studio.behaviour()).toEqual(before);
  expect(studio.store.count()).toEqual({ active: 0, ended: 0, deleted: 0 });
});

test('it takes any spelling of a number, and seeds parameters with the one that it was sent', async () => {
  const { studio } = await start();
  const body = `{"flowSid":"${FLOW}","count":2.0,"activeShare":0.50,"parameters":{"order":1.0}}`;
  expect((await administer(studio.url, 'seed', body)).body).toMatchObject({ active: 1, ended: 1 });
  const [seeded] = studio.store.list();
  expect(JSON.stringify(seeded?.parameters)).toBe('{"order":1.0}');
});

test('it seeds, counts and resets', async () => {
  const { studio, call } = await start();
  const seeded = await administer(studio.url, 'seed', { flowSid: OTHER_FLOW, count: 10, activeShare: 0.2 });
  expect(seeded.body).toMatchObject({ active: 2, ended: 8 });
  const active = `/v2/Flows/${OTHER_FLOW}/Executions/${[...studio.store.list({ status: 'active' })][0]?.sid}`;
  await call(active, { method: 'DELETE' });

  const counts = (await administer(studio.url, 'counts')).body;
  expect(counts).toMatchObject({
    executions: { active: 1, ended: 8, deleted: 1 },
    deletedWhileActive: 1,
    requests: 1,
    byOperation: { DeleteExecution: { 204: 1 } },
  });
  expect((await administer(studio.url, 'state')).body).toMatchObject({ counts, behaviour: { latencyMs: 0 } });
  expect((await administer(studio.url, 'requests')).body).toMatchObject([{ method: 'DELETE', path: active }]);

  await administer(studio.url, 'behaviour', { latencyMs: 1 });
  const reset = await administer(studio.url, 'reset', {});
  expect(reset.body).toMatchObject({ executions: { active: 0, ended: 0, deleted: 0 }, requests: 0 });
  expect(studio.behaviour().latencyMs).toBe(0);
  expect((await call(`/v2/Flows/${OTHER_FLOW}`)).status).toBe(404);
  expect((await call(`/v2/Flows/${FLOW}`)).status).toBe(200);
});

test('what it does not know is 404', async () => {
  const { studio } = await start();
  expect((await administer(studio.url, 'explode')).status).toBe(404);
});
