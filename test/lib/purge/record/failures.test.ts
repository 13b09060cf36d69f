import { describe, expect, test } from 'vitest';
import type { FailureStore } from '../../../../lib/purge/engine/ports.ts';
import { heldBytes } from '../../../support/purge/heap.ts';
import { createPurgedStudio, failure, sidOf } from '../../../support/purge/studio/in-process.ts';
import { syntheticUpstream } from '../../../support/purge/studio/synthetic.ts';
import { createClock, createWorldOf, NOON, WELCOME } from '../../../support/purge/world.ts';

const DAY_MS = 86_400_000;
const MB = 1_000_000;

function studioOf(count: number, isRefused: (number: number) => boolean) {
  const studio = createPurgedStudio({
    before: (operation, sid) => {
      if (operation === 'delete' && sid !== null && isRefused(Number.parseInt(sid.slice(-8), 16)))
        throw failure('rejected', 400, 20001);
    },
  });
  for (let number = 0; number < count; number++)
    studio.add({ sid: sidOf(number), flowSid: WELCOME, createdMs: NOON - 8 * DAY_MS - number * 1_000 });
  return studio;
}

test('failures that a superseded worker has stored late are retried, and never make the count negative', async () => {
  const studio = studioOf(2, () => false);
  const world = createWorldOf(studio.upstream);
  const id = await world.start({ olderThan: 'P7D' });
  const stored = await world.memory.read(id);
  if (!stored) throw new Error('There is no purge');
  const { record, version } = stored;
  await world.memory.save({ ...record, counts: { ...record.counts, matched: 1, failed: 1 } }, version);
  const failed = {
    created: null,
    active: false,
    archived: false,
    reason: 'delete: timeout',
    transient: true,
  };
  await world.failures.put(
    id,
    0,
    [0, 1].map((number) => ({ ...failed, sid: sidOf(number), possibleEffect: 'deleted', round: 0 })),
  );
  expect(await world.run(id)).toMatchObject({ status: 'succeeded', counts: { deleted: 2, failed: 0 } });
  expect(studio.in('deleted')).toHaveLength(2);
});

describe('what Studio refuses for good', () => {
  test('everywhere ends the purge after some thousand calls, not after all', async () => {
    const studio = studioOf(20_000, () => true);
    const world = createWorldOf(studio.upstream);
    const record = await world.purge({ olderThan: 'P7D' });
    expect(record).toMatchObject({
      status: 'failed',
      error: 'Given up after many tries: delete: rejected (20001)',
      counts: { deleted: 0 },
    });
    expect(studio.calls.delete).toBeGreaterThanOrEqual(5_000);
    expect(studio.calls.delete).toBeLessThan(7_000);
    expect(record.counts.failed).toBe(studio.calls.delete);
  });

  test('thousands in a row, but not everywhere, keeps nothing else from being deleted', async () => {
    const isRefused = (number: number) => number >= 2_000 && number < 5_000;
    const studio = studioOf(10_000, isRefused);
    const world = createWorldOf(studio.upstream);
    const record = await world.purge({ olderThan: 'P7D' });
    expect(record).toMatchObject({
      status: 'failed',
      error: '3000 of 10000 executions failed',
      counts: { matched: 10_000, deleted: 7_000, failed: 3_000 },
    });
    // Each once: what is refused for good is not tried again.
    expect(studio.calls.delete).toBe(10_000);
  });
});

/** Keeps one bit an execution, so that what is measured is the purge's own memory. */
function bitStore(count: number): FailureStore & { most: number; lookups: number } {
  const kept = new Uint8Array(count);
  let newestMs = 0;
  const indexOf = (sid: string) => Number.parseInt(sid.slice(2), 16);
  const store = {
    most: 0,
    lookups: 0,
    async put(_purge: string, _flow: number, failed: readonly { sid: string; created: string | null }[]) {
      for (const { sid, created } of failed) {
        kept[indexOf(sid)] = 1;
        if (indexOf(sid) < 4) newestMs = Date.parse(created ?? '');
      }
    },
    async drop() {},
    async within(_purge: string, _flow: number, from: string, to: string) {
      const [first, last] = [to, from].map((at) => ((newestMs - Date.parse(at)) / 1_000) * 4);
      const found = new Set<string>();
      for (let index = first ?? 0; index < Math.min(count, (last ?? 0) + 4); index++)
        if (kept[index]) found.add(`FN${index.toString(16).padStart(32, '0')}`);
      store.lookups += 1;
      store.most = Math.max(store.most, found.size);
      return found;
    },
    async page() {
      return { failures: [], next: null };
    },
  };
  return store;
}

async function halfRefused(count: number) {
  const clock = createClock();
  const synthetic = syntheticUpstream(count, 500, clock);
  const failures = bitStore(count);
  let refused = 0;
  const upstream = {
    ...synthetic.upstream,
    async delete(flow: string, sid: string) {
      if (Number.parseInt(sid.slice(2), 16) % 2 === 1) return synthetic.upstream.delete(flow, sid);
      refused += 1;
      throw failure('rejected', 400, 20001);
    },
  };
  const world = createWorldOf(upstream, clock, { failures });
  const id = await world.start({ olderThan: 'P7D' });
  let mostHeap = 0;
  let slices = 0;
  const record = await world.run(id, async (purge) => {
    const result = await world.slice(purge);
    slices += 1;
    mostHeap = Math.max(mostHeap, heldBytes());
    return result;
  });
  return { record, refused, failures, mostHeap, slices, lists: synthetic.lists() };
}

test('failures without number are held in no memory, and no slice reads those of the slices before', async () => {
  const few = await halfRefused(10_000);
  const many = await halfRefused(100_000);
  expect(many.record).toMatchObject({
    status: 'failed',
    error: '50000 of 100000 executions failed',
    counts: { matched: 100_000, deleted: 50_000, failed: 50_000 },
  });
  expect(many.refused).toBe(50_000);
  expect(many.mostHeap - few.mostHeap).toBeLessThan(2 * MB);
  expect(many.slices).toBeGreaterThan(2);
  // A lookup is of what failed on the page at hand: half of it, and some of the second at its edge.
  expect(many.failures.most).toBeLessThan(1_100);
  expect(many.failures.lookups).toBeLessThan(3 * few.failures.lookups * 10);
}, 60_000);
