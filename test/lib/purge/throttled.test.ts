import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { startSimulatedStudio } from '../../../infra/local/studio/server.ts';
import { runSlice } from '../../../lib/purge/slice.ts';
import { upstreamOf } from '../../../lib/purge/upstream.ts';
import { createStudio } from '../../../lib/studio/client.ts';
import { createLimiter } from '../../../lib/studio/limiter.ts';
import { ACCOUNT, createWorldOf, NOON, WELCOME } from './world/world.ts';

const DAY_MS = 86_400_000;
/** The slice's minute, so many times faster. */
const FASTER = 100;

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

/** Through the client and the limiter over a socket, with timers that are real and fast. */
async function worldOf(operation: 'DeleteExecution' | 'ListExecution') {
  const studio = await startSimulatedStudio({ now: () => NOON, flows: [{ sid: WELCOME }] });
  const client = createStudio({
    accountSid: ACCOUNT,
    username: `SK${'a'.repeat(32)}`,
    password: 'local',
    baseUrl: studio.url,
    sleep: async (ms, signal) => void (await sleep(ms / FASTER, undefined, signal ? { signal } : {})),
  });
  closing.push(
    () => client.close(),
    () => studio.close(),
  );
  const fault = { operations: [operation] };
  const limiter = createLimiter();
  const world = createWorldOf(upstreamOf(client, { limiter }), undefined, {
    gate: limiter,
    after: (ms, then) => {
      const timer = setTimeout(then, ms / FASTER);
      return () => clearTimeout(timer);
    },
  });
  const day = (days: number) => new Date(NOON - days * DAY_MS).toISOString();
  studio.store.seed({ flowSid: WELCOME, count: 300, dateCreatedFrom: day(9), dateCreatedTo: day(8) });
  /** Another worker, whose limiter has not learnt that nothing goes through. */
  const elsewhere = (purge: string) => {
    const limiter = createLimiter();
    return runSlice(purge, { ...world.ports, gate: limiter, upstream: upstreamOf(client, { limiter }) });
  };
  return { studio, fault, elsewhere, ...world };
}

test.each([
  ['429s for ever', { kind: 'throttle' as const }],
  ['no answer at all', { kind: 'hang' as const }],
])(
  '%s end with the slice, and nothing of it goes on',
  async (_what, fault) => {
    const { studio, fault: of, start, slice, elsewhere, run, record } = await worldOf('DeleteExecution');
    studio.behave({ faults: [{ ...fault, ...of }] });
    const id = await start({ olderThan: 'P7D' });
    const startedMs = performance.now();
    expect(await slice(id)).toMatchObject({ status: 'running', added: { deleted: 0, failed: 0 } });
    // 55 s, a hundred times faster; and much time for a slow machine.
    expect(performance.now() - startedMs).toBeLessThan(15_000);
    // What was under way at the end is noted when its answer is written.
    await sleep(20);
    const seen = studio.requests.length;
    await sleep(50);
    expect(studio.requests.length).toBe(seen);
    expect((await record(id)).counts).toMatchObject({ matched: 0, deleted: 0, failed: 0 });

    studio.behave({ faults: [] });
    expect(await run(id, elsewhere)).toMatchObject({
      status: 'succeeded',
      counts: { matched: 300, deleted: 300, alreadyGone: 0, failed: 0 },
    });
    expect(studio.store.count({ flowSid: WELCOME }).deleted).toBe(300);
  },
  60_000,
);

test('lists that are throttled for ever end with the slice, which says why', async () => {
  const { studio, fault, start, slice, record } = await worldOf('ListExecution');
  studio.behave({ faults: [{ kind: 'throttle', ...fault }] });
  const id = await start({ olderThan: 'P7D' });
  expect(await slice(id)).toMatchObject({ status: 'running', pauseSeconds: 1 });
  expect((await record(id)).progress.fruitless).toBe(1);
});
