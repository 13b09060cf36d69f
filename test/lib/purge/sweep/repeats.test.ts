import { describe, expect, test } from 'vitest';
import type { Upstream } from '../../../../lib/purge/engine/ports.ts';
import { addToDigest, EMPTY_DIGEST } from '../../../../lib/purge/record/digest.ts';
import { purgeId } from '../../../../lib/purge/record/purge-id.ts';
import { newRecord } from '../../../../lib/purge/record/record.ts';
import { goesRound, nextSample, withSample } from '../../../../lib/purge/sweep/repeats.ts';
import { requestOf } from '../../../support/purge/request.ts';
import { createMemoryStudio, type Quirks, sidOf } from '../../../support/purge/upstream.ts';
import { createClock, createWorldOf, NOON, SURVEY, WELCOME } from '../../../support/purge/world.ts';

const DAY_MS = 86_400_000;
const FOR_EVER = 'flow welcome could not be listed: list: it goes on to show what Studio says is deleted';

type Sticky = {
  count: number;
  quirks?: Partial<Quirks>;
  /** Which of them stay, whatever Studio says. */
  stays?: (number: number) => boolean;
  everyMs?: number;
  callMs?: number;
  active?: boolean;
};

/** A Studio that confirms each delete, and end, and leaves some as they are. */
function sticky({
  count,
  quirks = {},
  stays = () => true,
  everyMs = 60_000,
  callMs = 0,
  active = false,
}: Sticky) {
  const studio = createMemoryStudio(quirks);
  for (let number = 0; number < count; number++)
    studio.add({
      sid: sidOf(number),
      flowSid: WELCOME,
      createdMs: NOON - 8 * DAY_MS - number * everyMs,
      active,
    });
  const clock = createClock();
  const confirmed = new Map<string, number>();
  const isSticky = (sid: string) => {
    const number = Number.parseInt(sid.slice(2), 16);
    return number < count && stays(number);
  };
  const upstream: Upstream = {
    ...studio.upstream,
    async delete(flow, sid) {
      clock.nowMs += callMs;
      confirmed.set(sid, (confirmed.get(sid) ?? 0) + 1);
      if (isSticky(sid)) return { outcome: 'deleted' };
      return studio.upstream.delete(flow, sid);
    },
    async end(flow, sid) {
      const execution = studio.kept.get(sid);
      if (isSticky(sid) && execution) return { outcome: 'ended', execution };
      return studio.upstream.end(flow, sid);
    },
  };
  const calls = () => [...confirmed.values()].reduce((sum, times) => sum + times, 0);
  return { ...createWorldOf(upstream, clock), studio, confirmed, calls };
}

describe('a Studio that confirms what it does not do', () => {
  test.each<[string, Sticky]>([
    ['in one slice', { count: 12_000 }],
    ['over many slices', { count: 9_000, callMs: 20 }],
    ['in small pages', { count: 11_000, quirks: { pageSize: 50, tokens: 'offset' } }],
  ])('ends the purge, which says so and counts each once: %s', async (_how, how) => {
    const world = sticky(how);
    const record = await world.purge({ olderThan: 'P7D' });
    expect(record).toMatchObject({ status: 'failed', error: FOR_EVER });
    const { count } = how;
    expect(record.counts).toMatchObject({ listed: count, matched: count, deleted: count, failed: 0 });
    expect(record.digest).toEqual(addToDigest(EMPTY_DIGEST, [...world.confirmed.keys()]));
    expect(world.calls()).toBeLessThan(2 * count);
  });

  test.each<[string, Sticky]>([
    ['in one second', { count: 15_000, everyMs: 0 }],
    ['oldest first, a thousand each sweep', { count: 15_000, quirks: { order: 'oldest-first' } }],
    ['so slowly that a slice does no whole batch', { count: 600, callMs: 1_000 }],
  ])('also where no sweep gets through: %s', async (_how, how) => {
    const world = sticky(how);
    const record = await world.purge({ olderThan: 'P7D' });
    expect(record).toMatchObject({ status: 'failed', error: FOR_EVER });
    expect(record.counts.deleted).toBeGreaterThanOrEqual(world.confirmed.size);
    // Up to the first of the sample that came again.
    expect(record.counts.deleted).toBeLessThan(1.2 * world.confirmed.size);
  });

  test('of some only', async () => {
    const world = sticky({ count: 30_000, stays: (number) => number % 3 === 0 });
    const record = await world.purge({ olderThan: 'P7D' });
    expect(record).toMatchObject({ status: 'failed', error: FOR_EVER, counts: { deleted: 30_000 } });
    expect(world.studio.in('deleted')).toHaveLength(20_000);
  });

  test('nor ends what it says is ended; the other flow is gone through all the same', async () => {
    const world = sticky({ count: 11_000, active: true });
    world.studio.add({ sid: sidOf(99_999), flowSid: SURVEY, createdMs: NOON - 8 * DAY_MS, active: true });
    const record = await world.purge({ olderThan: 'P7D', action: 'end', status: 'active', flows: 'all' });
    expect(record).toMatchObject({
      status: 'failed',
      error: 'flow welcome could not be listed: list: it goes on to show what Studio says is ended',
      counts: { ended: 11_001 },
    });
    expect(world.studio.in('ended')).toHaveLength(1);
  });
});

test.each(['newest-first', 'oldest-first', 'none'] as const)(
  'a Studio that shows fifty at a time, and no more of them, %s, needs many sweeps and gets them',
  async (order) => {
    const { studio, ...world } = sticky({
      count: 3_000,
      stays: () => false,
      quirks: { order, pageSize: 50 },
    });
    world.ports.upstream = {
      ...world.ports.upstream,
      async *pages(...args) {
        for await (const { items } of studio.upstream.pages(...args))
          return yield { items, nextPageUrl: null };
      },
    };
    const record = await world.purge({ olderThan: 'P7D' });
    expect(record).toMatchObject({ status: 'succeeded', counts: { matched: 3_000, deleted: 3_000 } });
    expect(record.progress.repeats).toBe(0);
  },
);

test('what comes again and again is known also where it is next to nothing of all that was done', () => {
  const sids = Array.from({ length: 10_000 }, (_, number) => sidOf(number));
  const id = purgeId(NOON, 'repeats');
  const window = { from: null, to: '2026-11-12T12:00:00Z' };
  const request = requestOf({ dryRun: false });
  const started = { id, request, requestedBy: 'tests', policy: null, dateStarted: '', window, flows: [] };
  let record = newRecord(started);
  const sweep = (done: readonly string[]) => {
    record = { ...record, progress: { ...record.progress, ...withSample(record, done), doneInSweep: 1 } };
    const { sweep } = record.progress;
    record = { ...record, progress: { ...record.progress, ...nextSample(record), sweep: sweep + 1 } };
  };
  sweep(sids);
  const again = sids.filter((sid) => !record.progress.sample.includes(sid)).slice(0, 20);
  while (!goesRound(record.progress) && record.progress.sweep < 10) sweep(again);
  // The third sweep begins the second sample, and the fourth meets it again.
  expect(record.progress).toMatchObject({ sweep: 5, repeats: 20 });
});
