import { expect, test } from 'vitest';
import { createPurgedStudio, sidOf } from '../../../support/purge/studio/in-process.ts';
import { createClock, createWorldOf, NOON, WELCOME } from '../../../support/purge/world.ts';

/** Nothing is done to an execution before the archive surely has it: so nothing can be claimed of one before. */

const DAY_MS = 86_400_000;
const COUNT = 20;

function seeded(count = COUNT) {
  const studio = createPurgedStudio();
  for (let number = 0; number < count; number++)
    studio.add({ sid: sidOf(number), flowSid: WELCOME, createdMs: NOON - 8 * DAY_MS - number * 1_000 });
  return studio;
}

test('what others delete while an archive that failed is written once more is not claimed', async () => {
  const studio = seeded();
  let puts = 0;
  const world = createWorldOf(studio.upstream, createClock(), {
    archive: {
      put: async () => {
        puts += 1;
        if (puts === 1) throw new Error('TimeoutError');
        for (const number of [3, 4, 5]) studio.store.delete(sidOf(number));
      },
    },
  });
  const record = await world.purge({ olderThan: 'P7D', archive: true });
  expect(puts).toBe(2);
  expect(record).toMatchObject({
    status: 'succeeded',
    counts: { matched: COUNT, archived: COUNT, deleted: COUNT - 3, alreadyGone: 3, failed: 0 },
    digest: { count: COUNT - 3 },
  });
});

test.each([
  ['without an archive', false, 0],
  ['with one', true, 1],
])(
  '%s, a batch is written down once, and once more where it is archived; the record once for each',
  async (_how, archive, more) => {
    const studio = seeded(2_500);
    const world = createWorldOf(studio.upstream);
    const { memory } = world;
    const calls = { open: 0, take: 0, saveBatch: 0, save: 0, drop: 0 };
    const counted = <T>(name: keyof typeof calls, answer: Promise<T>) => {
      calls[name] += 1;
      return answer;
    };
    world.ports.store = {
      ...memory,
      openBatch: (...args) => counted('open', memory.openBatch(...args)),
      takeBatch: (...args) => counted('take', memory.takeBatch(...args)),
      saveBatch: (...args) => counted('saveBatch', memory.saveBatch(...args)),
      save: (...args) => counted('save', memory.save(...args)),
      dropBatch: (...args) => counted('drop', memory.dropBatch(...args)),
    };
    const record = await world.purge({ olderThan: 'P7D', archive });
    expect(record.counts.deleted).toBe(2_500);
    const batches = record.progress.settledBatch;
    expect(batches).toBeGreaterThan(2);
    // The record also at its beginning, before its end, and at its end.
    expect(calls).toEqual({
      open: batches,
      take: 0,
      saveBatch: more * batches,
      save: batches + 3,
      drop: batches,
    });
  },
);
