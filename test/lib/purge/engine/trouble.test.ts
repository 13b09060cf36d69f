import { describe, expect, test } from 'vitest';
import { deriveContactKey, hashContacts } from '../../../../lib/purge/order/contact-key.ts';
import { addToDigest, EMPTY_DIGEST } from '../../../../lib/purge/record/digest.ts';
import { createPurgedStudio, failure, type Quirks, sidOf } from '../../../support/purge/studio/in-process.ts';
import {
  ACCOUNT,
  createClock,
  createWorldOf,
  NOON,
  SURVEY,
  WELCOME,
  type Wrap,
} from '../../../support/purge/world.ts';

const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;

/** Eight days old, a minute apart. */
function worldWith(count: number, quirks: Quirks = {}, wrap: Wrap = {}) {
  const studio = createPurgedStudio(quirks);
  for (let number = 0; number < count; number++)
    studio.add({ sid: sidOf(number), flowSid: WELCOME, createdMs: NOON - 8 * DAY_MS - number * MINUTE_MS });
  const clock = createClock();
  return { studio, ...createWorldOf(studio.upstream, clock, wrap) };
}

describe('Studio is down', () => {
  test('for a while: the purge waits longer and longer, and then does all of it', async () => {
    let down = true;
    const world = worldWith(700, {
      before: () => {
        if (down) throw failure('unavailable', 503, 20503);
      },
    });
    const id = await world.start({ olderThan: 'P7D' });
    const record = await world.run(id, async (purge) => {
      down = world.waits.length < 5;
      return world.slice(purge);
    });
    expect(world.waits).toEqual([1, 2, 4, 8, 15]);
    expect(record).toMatchObject({ status: 'succeeded', counts: { deleted: 700, failed: 0 } });
  });

  test('for good, from the middle on: the purge ends as failed, with what it did counted', async () => {
    let deletes = 0;
    const world = worldWith(2_000, {
      before: (operation) => {
        if (operation === 'delete') deletes += 1;
        if (deletes > 500) throw failure('unavailable', 503, 20503);
      },
    });
    const record = await world.purge({ olderThan: 'P7D' });
    expect(record.status).toBe('failed');
    // A 503 may come after the work was done.
    expect(record.error).toMatch(
      /^Given up after many tries: (list|delete): unavailable \(20503\); of \d+ executions it is not known/,
    );
    expect(record.counts.deleted).toBe(500);
    expect(world.studio.in('deleted')).toHaveLength(500);
    // It noticed soon, and did not try each of the others in vain.
    expect(record.counts.failed).toBeLessThan(200);
    expect(world.studio.calls.delete).toBeLessThan(1_200);
  });

  test('for one flow only: the others are purged, and the record names the one', async () => {
    const studio = createPurgedStudio();
    for (const [number, flowSid] of [WELCOME, SURVEY].entries())
      studio.add({ sid: sidOf(number), flowSid, createdMs: NOON - 8 * DAY_MS });
    const world = createWorldOf({
      ...studio.upstream,
      pages: (flowSid, ...rest) => {
        if (flowSid === WELCOME) throw failure('not-found', 404, 20404);
        return studio.upstream.pages(flowSid, ...rest);
      },
    });
    const record = await world.purge({ flows: 'all', olderThan: 'P7D' });
    expect(record).toMatchObject({
      status: 'failed',
      error: 'flow welcome could not be listed: list: not-found (20404)',
      counts: { deleted: 1 },
    });
  });
});

describe('an archive that cannot be written', () => {
  test('keeps everything from being deleted, and ends the purge as failed', async () => {
    const world = worldWith(
      300,
      {},
      {
        archive: {
          put: async () => {
            throw new Error('AccessDenied');
          },
        },
      },
    );
    const record = await world.purge({ olderThan: 'P7D', archive: true });
    expect(record).toMatchObject({
      status: 'failed',
      error: 'Given up after many tries: the archive could not be written: Error',
      counts: { archived: 0, deleted: 0, failed: 0 },
    });
    expect(world.studio.calls.delete).toBe(0);
  });

  test('for a while delays the purge, and loses nothing', async () => {
    let puts = 0;
    const keys: string[] = [];
    const world = worldWith(
      300,
      {},
      {
        archive: {
          put: async (key) => {
            puts += 1;
            if (puts % 2 === 1) throw new Error('SlowDown');
            keys.push(key);
          },
        },
      },
    );
    const record = await world.purge({ olderThan: 'P7D', archive: true });
    expect(record).toMatchObject({
      status: 'succeeded',
      counts: { matched: 300, archived: 300, deleted: 300, failed: 0 },
    });
    expect(new Set(keys).size).toBe(keys.length);
  });

  test.each([true, false])(
    'of a context that is not there, its execution still being there: %s',
    async (isThere) => {
      const missing = sidOf(7);
      const world = worldWith(50, {
        before: (operation, sid) => {
          if (operation !== 'context' || sid !== missing) return;
          if (!isThere) world.studio.store.delete(missing);
          throw failure('not-found', 404, 20404);
        },
      });
      const record = await world.purge({ olderThan: 'P7D', archive: true });
      expect(record.counts).toEqual({
        listed: 50,
        matched: 50,
        archived: 49,
        ended: 0,
        deleted: 49,
        alreadyGone: isThere ? 0 : 1,
        failed: isThere ? 1 : 0,
      });
      expect(record.failures).toEqual(
        isThere ? [{ sid: missing, reason: 'archive: not-found (20404)' }] : [],
      );
      expect(record.status).toBe(isThere ? 'failed' : 'succeeded');
    },
  );

  test('of one execution keeps this one from being deleted', async () => {
    const world = worldWith(50, {
      before: (operation, sid) => {
        if (operation === 'context' && sid === sidOf(7)) throw failure('rejected', 400, 20001);
      },
    });
    const record = await world.purge({ olderThan: 'P7D', archive: true });
    expect(record).toMatchObject({
      status: 'failed',
      counts: { matched: 50, archived: 49, deleted: 49, failed: 1 },
      failures: [{ sid: sidOf(7), reason: 'archive: rejected (20001)' }],
    });
    expect(world.studio.in('ended').map(({ sid }) => sid)).toEqual([sidOf(7)]);
  });
});

describe('what failed here and there', () => {
  test('is tried again together, and all is counted right', async () => {
    // Every fiftieth, the first two times.
    const tries = new Map<string, number>();
    const world = worldWith(5_000, {
      before: (operation, sid) => {
        if (operation !== 'delete' || sid === null || Number.parseInt(sid.slice(-8), 16) % 50 !== 0) return;
        const tried = (tries.get(sid) ?? 0) + 1;
        tries.set(sid, tried);
        if (tried <= 2) throw failure('unavailable', 503, 20503);
      },
    });
    const before = world.memory.writes;
    const record = await world.purge({ olderThan: 'P7D' });
    expect(record).toMatchObject({
      status: 'succeeded',
      counts: { listed: 5_000, matched: 5_000, deleted: 5_000, failed: 0 },
      digest: { count: 5_000 },
      failures: [],
    });
    expect(world.memory.openBatches()).toEqual([]);
    expect(world.memory.writes - before).toBeLessThan(80);
  });
});

describe('the wish to stop', () => {
  test('ends the batch under way early, with all of it counted', async () => {
    const clock = createClock();
    const studio = createPurgedStudio({
      before: (operation) => {
        if (operation === 'delete') clock.nowMs += 50;
      },
    });
    for (let number = 0; number < 3_000; number++)
      studio.add({ sid: sidOf(number), flowSid: WELCOME, createdMs: NOON - 8 * DAY_MS });
    const world = createWorldOf(studio.upstream, clock);
    const id = await world.start({ olderThan: 'P7D' });
    await world.slice(id);
    await world.memory.requestStop(id);
    const askedAtMs = clock.nowMs;
    const record = await world.run(id);
    expect(record.status).toBe('stopped');
    expect(clock.nowMs - askedAtMs).toBeLessThan(60_000);
    expect(record.counts.deleted).toBe(studio.in('deleted').length);
    expect(record.counts.deleted).toBeLessThan(3_000);
    expect(await world.run(id)).toEqual(record);
  });
});

describe('two purges of the same executions', () => {
  test('share the work, and each counts its own', async () => {
    const world = worldWith(1_500, { pageToken: 'offset' });
    const [one, other] = [await world.start({ olderThan: 'P7D' }), await world.start({ olderThan: 'P6D' })];
    const [first, second] = await Promise.all([world.run(one), world.run(other)]);
    expect(first.status).toBe('succeeded');
    expect(second.status).toBe('succeeded');
    expect(first.counts.deleted + second.counts.deleted).toBe(1_500);
    expect(world.studio.in('deleted')).toHaveLength(1_500);
    for (const { counts } of [first, second])
      expect(counts.matched).toBe(counts.deleted + counts.alreadyGone + counts.failed);
  });

  test('and two workers of one purge: one of them goes on, and nothing is counted twice', async () => {
    const world = worldWith(1_500, { pageToken: 'offset' });
    const id = await world.start({ olderThan: 'P7D' });
    await Promise.allSettled([world.slice(id), world.slice(id)]);
    const record = await world.run(id);
    expect(record.counts).toMatchObject({ matched: 1_500, deleted: 1_500, failed: 0 });
    expect(record.digest.count).toBe(1_500);
  });
});

describe('a contact', () => {
  test('is matched by its keyed hash, and an address that only begins the same is left alone', async () => {
    const studio = createPurgedStudio({ pageSize: 100 });
    for (let number = 0; number < 3_000; number++)
      studio.add({
        sid: sidOf(number),
        flowSid: number % 2 === 0 ? WELCOME : SURVEY,
        createdMs: NOON - number * MINUTE_MS,
        address: number % 100 === 0 ? '+15551' : '+155512',
      });
    const world = createWorldOf(studio.upstream);
    const record = await world.purge({ flows: 'all', status: 'any', contact: '+15551' });
    expect(record).toMatchObject({
      status: 'succeeded',
      counts: { listed: 3_000, matched: 30, deleted: 30 },
    });
    expect(studio.in('deleted').every(({ to }) => to === '+15551')).toBe(true);
    expect(JSON.stringify(record)).not.toContain('+1555');
  });

  test('whose key was rotated meanwhile ends the purge with an error, instead of matching nobody', async () => {
    const other = deriveContactKey({ accountSid: ACCOUNT, apiKeySecret: 'rotated' });
    const world = worldWith(10, {}, { contactKey: async () => other });
    const record = await world.purge({ contact: '+15550000000' });
    expect(record).toMatchObject({ status: 'failed', counts: { deleted: 0 } });
    expect(record.error).toMatch(/rotated/);
    expect(hashContacts(other, '+15550000000')).not.toBe(record.request.contact);
  });
});

describe('a purge of many slices', () => {
  test('counts a dry run the same, however often it goes on from where it was', async () => {
    const clock = createClock();
    const studio = createPurgedStudio({
      pageSize: 50,
      // A slice has the time for few pages.
      before: (operation) => {
        if (operation === 'list') clock.nowMs += 9_000;
      },
    });
    for (let number = 0; number < 2_000; number++)
      studio.add({
        sid: sidOf(number),
        flowSid: WELCOME,
        // Seven share a second.
        createdMs: NOON - 8 * DAY_MS - Math.floor(number / 7) * 1_000,
        active: number % 3 === 0,
      });
    const world = createWorldOf(studio.upstream, clock);
    let slices = 0;
    const id = await world.start({ olderThan: 'P7D', dryRun: true });
    const record = await world.run(id, (purge) => {
      slices += 1;
      return world.slice(purge);
    });
    expect(slices).toBeGreaterThan(5);
    expect(record.counts).toMatchObject({ listed: 1_333, matched: 1_333, deleted: 0 });
    expect(record.activeMatched).toBe(0);
  });

  test('keeps to its limit across them', async () => {
    const clock = createClock();
    const studio = createPurgedStudio({
      before: (operation) => {
        if (operation === 'delete') clock.nowMs += 300;
      },
    });
    for (let number = 0; number < 2_000; number++)
      studio.add({ sid: sidOf(number), flowSid: WELCOME, createdMs: NOON - 8 * DAY_MS });
    const world = createWorldOf(studio.upstream, clock);
    const record = await world.purge({ olderThan: 'P7D', limit: 777 });
    expect(record).toMatchObject({ status: 'succeeded', counts: { matched: 777, deleted: 777 } });
    expect(studio.in('deleted')).toHaveLength(777);
  });

  test('tells of what it erased with a digest that anybody can work out again', async () => {
    const world = worldWith(1_234);
    const record = await world.purge({ olderThan: 'P7D' });
    const sids = world.studio.in('deleted').map(({ sid }) => sid);
    expect(record.digest).toEqual(addToDigest(EMPTY_DIGEST, sids.reverse()));
  });
});
