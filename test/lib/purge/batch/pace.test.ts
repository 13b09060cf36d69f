import { expect, test } from 'vitest';
import { MAX_BATCH_SIZE } from '../../../../lib/purge/engine/limits.ts';
import { runSlice } from '../../../../lib/purge/engine/slice.ts';
import { createMemoryStudio, sidOf } from '../../../support/purge/upstream.ts';
import { createClock, createWorldOf, NOON, WELCOME } from '../../../support/purge/world.ts';

const DAY_MS = 86_400_000;
const BATCHES = 10;

test('one call that hangs makes no batch smaller, and the next ones do not wait for it', async () => {
  const clock = createClock();
  const studio = createMemoryStudio();
  for (let number = 0; number < 12_000; number++)
    studio.add({ sid: sidOf(number), flowSid: WELCOME, createdMs: NOON - 8 * DAY_MS - number * 1_000 });
  const answered = Promise.withResolvers<void>();
  const upstream = {
    ...studio.upstream,
    async delete(flow: string, sid: string) {
      clock.nowMs += 1;
      if (sid === sidOf(7)) await answered.promise;
      return studio.upstream.delete(flow, sid);
    },
  };
  const world = createWorldOf(upstream, clock);
  const sizes: number[] = [];
  const openBatch: typeof world.memory.openBatch = (purge, batch) => {
    sizes.push(batch.active.length + batch.inactive.length);
    // It answers when all of these are under way, or never.
    if (sizes.length === BATCHES) answered.resolve();
    return world.memory.openBatch(purge, batch);
  };
  const store = { ...world.memory, openBatch };
  const id = await world.start({ olderThan: 'P7D' });
  const record = await world.run(id, (purge) => runSlice(purge, { ...world.ports, store }, '1-1'));
  expect(record).toMatchObject({ status: 'succeeded', counts: { deleted: 12_000, failed: 0 } });
  // But the first ones, of which nothing is known; and a tenth of each page is listed once more.
  expect(Math.min(...sizes.slice(3, BATCHES))).toBeGreaterThanOrEqual(0.9 * MAX_BATCH_SIZE);
});
