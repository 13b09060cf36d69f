import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { createWorldWithLimiter } from '../../../support/purge/studio/with-limiter.ts';
import { NOON, WELCOME } from '../../../support/purge/world.ts';

const DAY_MS = 86_400_000;
/** The slice's minute, so many times faster. */
const FASTER = 100;

async function worldOf(operation: 'DeleteExecution' | 'ListExecution') {
  const world = await createWorldWithLimiter({ faster: FASTER });
  const day = (days: number) => new Date(NOON - days * DAY_MS).toISOString();
  world.studio.store.seed({
    flowSid: WELCOME,
    count: 300,
    dateCreatedFrom: day(9),
    dateCreatedTo: day(8),
  });
  return { fault: { operations: [operation] }, ...world };
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
  expect((await record(id)).progress.slicesWithoutProgress).toBe(1);
});
