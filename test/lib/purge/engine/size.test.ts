import { describe, expect, test } from 'vitest';
import { idleResult } from '../../../../lib/purge/engine/conclude.ts';
import { heldBytes } from '../../../support/purge/heap.ts';
import { openLimiter } from '../../../support/purge/ports/limiter.ts';
import { runsOf } from '../../../support/purge/runs.ts';
import { syntheticUpstream } from '../../../support/purge/studio/synthetic.ts';
import { createClock, createWorldOf } from '../../../support/purge/world.ts';

/** What AWS allows a durable run, and what is kept of it. */
const MAX_OPERATIONS = 2_000;
const MAX_RUN_BYTES = 100_000_000;
/** `npm run bench -- size` purges ten million. */
const HALF_A_MILLION = 500_000;
const MB = 1_000_000;

async function purgeOf(count: number, deletesPerSecond: number) {
  const clock = createClock();
  const synthetic = syntheticUpstream(count, deletesPerSecond, clock);
  const world = createWorldOf(synthetic.upstream, clock);
  const id = await world.start({ olderThan: 'P7D' });
  const longestMs = { slice: 0 };
  let slices = 0;
  let mostHeap = 0;
  const record = await world.run(id, async (purge) => {
    const startedMs = clock.nowMs;
    const result = await world.slice(purge);
    slices += 1;
    longestMs.slice = Math.max(longestMs.slice, clock.nowMs - startedMs);
    mostHeap = Math.max(mostHeap, heldBytes());
    return result;
  });
  return { record, slices, longestMs: longestMs.slice, mostHeap, ...synthetic, writes: world.memory.writes };
}

describe('a purge of any size', () => {
  test.each([20, 100, 500])('of 30,000 at %i a second keeps each slice below a minute', async (perSecond) => {
    const { record, slices, longestMs, left, lists, writes } = await purgeOf(30_000, perSecond);
    expect(record).toMatchObject({ status: 'succeeded', counts: { deleted: 30_000, failed: 0 } });
    expect(left()).toBe(0);
    expect(longestMs).toBeLessThan(60_000);
    // At least two thirds of each minute are used.
    expect(slices).toBeLessThanOrEqual(Math.ceil(30_000 / (perSecond * 40)) + 1);
    // Batches are as large as can be done in some seconds, and a page is asked for no more often than needed.
    expect(lists()).toBeLessThan(0.01 * 30_000);
    expect(writes).toBeLessThan(0.03 * 30_000);
  });

  test('holds no more in memory for 100,000 than for 10,000', async () => {
    const { mostHeap: few } = await purgeOf(10_000, 500);
    const { mostHeap: many } = await purgeOf(100_000, 500);
    // 90,000 SIDs alone would be 6 MB; what is compiled meanwhile is one or two.
    expect(many - few).toBeLessThan(4 * MB);
  });

  test('of 500,000 at 100 a second is one operation for each 40 seconds, and few bytes are kept of each', async () => {
    const clock = createClock();
    const { upstream, left } = syntheticUpstream(HALF_A_MILLION, 100, clock);
    const world = createWorldOf(upstream, clock, { limiter: openLimiter });
    const id = await world.start({ olderThan: 'P7D' });
    const { mostOperations, mostBytes } = await runsOf(id, world, world.slice);
    expect(await world.record(id)).toMatchObject({
      status: 'succeeded',
      counts: { deleted: HALF_A_MILLION },
    });
    expect(left()).toBe(0);
    expect(mostOperations).toBeLessThan(HALF_A_MILLION / 100 / 40 + 3);
    expect((mostBytes / mostOperations) * MAX_OPERATIONS).toBeLessThan(MAX_RUN_BYTES / 100);
  });

  test.each([0, 5])(
    'of 4,000 slices, each with a pause of %i s, chains below 2,000 operations',
    async (pause) => {
      const world = createWorldOf(syntheticUpstream(0, 100, createClock()).upstream, createClock());
      let left = 4_000;
      const { runs, mostOperations } = await runsOf('a-purge', world, async () => {
        left -= 1;
        return idleResult(left === 0 ? 'succeeded' : 'running', pause);
      });
      expect(left).toBe(0);
      expect(runs.length).toBeGreaterThan(2);
      expect(mostOperations).toBeLessThan(MAX_OPERATIONS);
      expect(mostOperations).toBeGreaterThan(MAX_OPERATIONS / 2);
    },
  );
});
