import { describe, expect, test } from 'vitest';
import type { Upstream } from '../../../../lib/purge/engine/ports.ts';
import type { Execution, Page } from '../../../../lib/studio/types.ts';
import { createPurgedStudio, type Quirks, sidOf } from '../../../support/purge/studio/in-process.ts';
import { createClock, createWorldOf, NOON, SURVEY, WELCOME } from '../../../support/purge/world.ts';

const DAY_MS = 86_400_000;
const FOR_EVER = 'flow welcome could not be listed: list: it goes on to show what Studio says is deleted';

type Sticky = {
  count: number;
  quirks?: Quirks;
  /** Which of them stay, whatever Studio says. Default: all. */
  stays?: (number: number) => boolean;
  everyMs?: number;
  callMs?: number;
  active?: boolean;
};

/** A Studio that confirms each delete, and end, and leaves some as they are. */
function sticky({ count, quirks = {}, stays, everyMs = 60_000, callMs = 0, active = false }: Sticky) {
  const studio = createPurgedStudio(quirks);
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
    return number < count && (stays?.(number) ?? true);
  };
  const listed = new Map<string, Page<Execution>[]>();
  const upstream: Upstream = {
    ...studio.upstream,
    // A list that nothing changes is read once, since the purge reads hundreds of its pages.
    async *pages(flow, query, readAhead) {
      const key = JSON.stringify([flow, query]);
      const pages = listed.get(key) ?? [];
      if (pages.length === 0)
        for await (const page of studio.upstream.pages(flow, query, readAhead)) pages.push(page);
      if (!stays && !active) listed.set(key, pages);
      yield* pages;
    },
    async delete(flow, sid) {
      clock.nowMs += callMs;
      confirmed.set(sid, (confirmed.get(sid) ?? 0) + 1);
      if (isSticky(sid)) return { outcome: 'deleted' };
      return studio.upstream.delete(flow, sid);
    },
    async end(flow, sid) {
      if (isSticky(sid)) return { outcome: 'ended', execution: await studio.upstream.fetch(flow, sid) };
      return studio.upstream.end(flow, sid);
    },
  };
  const calls = () => [...confirmed.values()].reduce((sum, times) => sum + times, 0);
  return { ...createWorldOf(upstream, clock), studio, confirmed, calls };
}

// For a loaded machine: a case takes 6 seconds alone.
describe('a Studio that confirms what it does not do', { timeout: 60_000 }, () => {
  test.each<[string, Sticky]>([
    ['in one slice', { count: 10_500 }],
    ['over many slices', { count: 9_000, callMs: 20 }],
    ['in small pages', { count: 10_500, quirks: { pageSize: 500, pageToken: 'offset' } }],
  ])('ends the purge, which says so: %s', async (_how, how) => {
    const world = sticky(how);
    const record = await world.purge({ olderThan: 'P7D' });
    expect(record).toMatchObject({ status: 'failed', error: FOR_EVER });
    // Each was deleted in a few sweeps, and Studio confirmed it each time.
    expect(world.confirmed.size).toBe(how.count);
    expect(record.counts).toMatchObject({ deleted: world.calls(), failed: 0 });
    expect(world.calls()).toBeLessThan(8 * how.count);
  });

  test.each<[string, Sticky]>([
    ['in one second', { count: 10_500, everyMs: 0 }],
    ['oldest first, a thousand each sweep', { count: 15_000, quirks: { listOrder: 'oldest-first' } }],
    ['so slowly that a slice does no whole batch', { count: 600, callMs: 1_000 }],
  ])('also where no sweep gets through: %s', async (_how, how) => {
    const world = sticky(how);
    const record = await world.purge({ olderThan: 'P7D' });
    expect(record).toMatchObject({ status: 'failed', error: FOR_EVER });
    expect(record.counts.deleted).toBeGreaterThanOrEqual(world.confirmed.size);
    expect(world.calls()).toBeLessThan(8 * how.count);
  });

  test('of some only', async () => {
    const world = sticky({ count: 21_000, stays: (number) => number % 2 === 0 });
    const record = await world.purge({ olderThan: 'P7D' });
    expect(record).toMatchObject({ status: 'failed', error: FOR_EVER });
    expect(world.studio.in('deleted')).toHaveLength(10_500);
  });

  test('nor ends what it says is ended; the other flow is gone through all the same', async () => {
    const world = sticky({ count: 10_500, active: true });
    world.studio.add({ sid: sidOf(99_999), flowSid: SURVEY, createdMs: NOON - 8 * DAY_MS, active: true });
    const record = await world.purge({ olderThan: 'P7D', action: 'end', status: 'active', flows: 'all' });
    expect(record).toMatchObject({
      status: 'failed',
      error: 'flow welcome could not be listed: list: it goes on to show what Studio says is ended',
    });
    expect(world.studio.in('ended')).toHaveLength(1);
  });
});

test.each(['newest-first', 'oldest-first', 'none'] as const)(
  'a Studio that shows fifty at a time, and no more of them, %s, needs many sweeps and gets them',
  async (listOrder) => {
    const { studio, ...world } = sticky({
      count: 3_000,
      stays: () => false,
      quirks: { listOrder, pageSize: 50 },
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
  },
);
