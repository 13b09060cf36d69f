import { expect, test } from 'vitest';
import { FLOW, FROM, patiently, start } from '../../support/simulator.ts';

const executions = `/v2/Flows/${FLOW}/Executions`;

/** A sleep that lasts until it is let go. */
function gate() {
  const waiting: (() => void)[] = [];
  const sleep = () => new Promise<void>((resolve) => void waiting.push(resolve));
  const release = () => {
    for (const resolve of waiting.splice(0)) resolve();
  };
  return { sleep, release, waiting };
}

test('twenty creates in any second, and not one more', async () => {
  const { call, studio, clock } = await start();
  const create = (contact: number) => {
    const To = `+1555${String(contact).padStart(7, '0')}`;
    return call(executions, { form: { To, From: FROM } });
  };
  for (let contact = 0; contact < 20; contact++) {
    clock.nowMs += 10;
    expect((await create(contact)).status).toBe(201);
  }
  const refused = await create(20);
  expect([refused.status, refused.body.code]).toEqual([429, 20429]);
  expect(refused.headers.has('Retry-After')).toBe(false);

  // A second after the first create there is room for one, not for twenty.
  clock.nowMs += 1_000 - 190;
  expect((await create(20)).status).toBe(201);
  expect((await create(21)).status).toBe(429);
  expect((await call(executions)).status).toBe(200);
  expect(studio.store.count()).toEqual({ active: 21, ended: 0, deleted: 0 });
});

test('requests a second are limited as told, and the limit may change midway', async () => {
  const { call, studio, clock } = await start({ behaviour: { requestsPerSecond: 2 } });
  const statuses = async (count: number) => {
    const seen: number[] = [];
    for (let sent = 0; sent < count; sent++) seen.push((await call(executions)).status);
    return seen;
  };
  expect(await statuses(3)).toEqual([200, 200, 429]);
  studio.behave({ requestsPerSecond: 4 });
  expect(await statuses(3)).toEqual([200, 200, 429]);
  clock.nowMs += 1_000;
  studio.behave({ requestsPerSecond: 1 });
  expect(await statuses(2)).toEqual([200, 429]);
  studio.behave({ requestsPerSecond: null });
  expect(await statuses(5)).toEqual([200, 200, 200, 200, 200]);
  expect(studio.statistics()).toMatchObject({
    requests: 13,
    throttled: 3,
    byOperation: { ListExecution: { 200: 10, 429: 3 } },
  });
});

test('above the limit in flight the answer is 429, and a refused request takes no place', async () => {
  const { sleep, release, waiting } = gate();
  const { call, studio } = await start({ sleep, behaviour: { latencyMs: 30, maxInFlight: 2 } });

  const three = [call(executions), call(executions), call(executions)];
  await patiently(() => waiting.length).toBe(3);
  release();
  const answers = await Promise.all(three);
  expect(answers.map(({ status }) => status).sort()).toEqual([200, 200, 429]);
  expect(answers.map(({ headers }) => Number(headers.get('Twilio-Concurrent-Requests'))).sort()).toEqual([
    1, 2, 3,
  ]);

  const next = call(executions);
  await patiently(() => waiting.length).toBe(1);
  release();
  expect((await next).status).toBe(200);
  expect(studio.statistics().peakInFlight).toBe(2);
});

test('latency is what was told, plus a jitter that repeats with the seed', async () => {
  const run = async () => {
    const slept: number[] = [];
    const sleep = async (ms: number) => void slept.push(ms);
    const { call } = await start({ sleep, seed: 7, behaviour: { latencyMs: 30, latencyJitterMs: 10 } });
    for (let sent = 0; sent < 5; sent++) await call(executions);
    return slept;
  };
  const slept = await run();
  expect(slept).toHaveLength(5);
  expect(slept.every((ms) => ms >= 30 && ms < 40)).toBe(true);
  expect(new Set(slept).size).toBe(5);
  expect(await run()).toEqual(slept);
});

test.each([
  ['seconds', { form: 'seconds' as const, seconds: 2 }, '2'],
  ['a date', { form: 'date' as const, seconds: 2 }, 'Fri, 20 Nov 2026 12:00:02 GMT'],
  ['an absurd number', { form: 'seconds' as const, seconds: 31_536_000 }, '31536000'],
])('Retry-After can be %s', async (_, retryAfter, header) => {
  const { call } = await start({ behaviour: { retryAfter, maxInFlight: 0 } });
  const { status, headers } = await call(executions);
  expect([status, headers.get('Retry-After')]).toEqual([429, header]);
});
