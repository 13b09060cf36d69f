import { describe, expect, test } from 'vitest';
import { actOn } from '../../../../lib/purge/batch/act.ts';
import type { PossibleEffect } from '../../../../lib/purge/batch/batch.ts';
import type { Upstream } from '../../../../lib/purge/engine/ports.ts';
import { createPurgedStudio, failure, sidOf } from '../../../support/purge/studio/in-process.ts';
import { createWorldOf, NOON, WELCOME } from '../../../support/purge/world.ts';

const DAY_MS = 86_400_000;
const COUNT = 20;

describe('an execution that cannot be deleted', () => {
  test.each([
    ['had ended', false, 0],
    ['was active', true, 1],
  ])(
    'and %s is counted as ended no more often than it was, however often it is tried again',
    async (_what, active, ended) => {
      const studio = createPurgedStudio({
        before: (operation, sid) => {
          if (operation === 'delete' && sid === sidOf(0)) throw failure('conflict', 409, 20409);
        },
      });
      for (let number = 0; number < COUNT; number++)
        studio.add({
          sid: sidOf(number),
          flowSid: WELCOME,
          createdMs: NOON - 8 * DAY_MS - number * 60_000,
          active: active && number === 0,
        });
      const record = await createWorldOf(studio.upstream).purge({ olderThan: 'P7D', status: 'any' });
      expect(record.counts).toMatchObject({ matched: COUNT, deleted: COUNT - 1, failed: 1, ended });
      expect(record.failures).toEqual([{ sid: sidOf(0), reason: 'delete: conflict (20409)' }]);
    },
  );
});

describe('what is claimed as deleted by this purge', () => {
  /** Each delete fails once, as told, and somebody deletes the execution by hand before it is tried again. */
  async function deletedByHand(fail: () => Error) {
    const tried = new Set<string>();
    const studio = createPurgedStudio({
      before: (operation, sid) => {
        if (operation !== 'delete' || sid === null) return;
        if (tried.has(sid)) studio.store.delete(sid);
        else {
          tried.add(sid);
          throw fail();
        }
      },
    });
    for (let number = 0; number < COUNT; number++)
      studio.add({ sid: sidOf(number), flowSid: WELCOME, createdMs: NOON - 8 * DAY_MS - number * 60_000 });
    return createWorldOf(studio.upstream).purge({ olderThan: 'P7D' });
  }

  test('is nothing that was refused for certain, and gone when it was tried again', async () => {
    const { counts, digest } = await deletedByHand(() => failure('throttled', 429, 20429));
    expect(counts).toMatchObject({ matched: COUNT, deleted: 0, alreadyGone: COUNT, failed: 0 });
    expect(digest.count).toBe(0);
  });

  test('is what may have been done by a try that got a 5xx, and is gone', async () => {
    const { counts, digest } = await deletedByHand(() => failure('unavailable', 503, 20503));
    expect(counts).toMatchObject({ matched: COUNT, deleted: COUNT, alreadyGone: 0, failed: 0 });
    expect(digest.count).toBe(COUNT);
  });

  const upstreamThat = (answers: Partial<Upstream>): Upstream => ({
    ...createPurgedStudio().upstream,
    ...answers,
  });
  const gone = async () => ({ outcome: 'already-gone' as const, afterLostResponse: false });
  const endedAlready = async () => ({ outcome: 'already-ended' as const, afterLostResponse: false });
  const thrown = (error: Error) => async () => {
    throw error;
  };

  test.each([
    ['nothing', { outcome: 'already-gone', ended: false }],
    ['ended', { outcome: 'already-gone', ended: true }],
    ['deleted', { outcome: 'done', ended: true }],
  ] as const)(
    'after %s may have happened, with an active one that has ended and is gone: %j',
    async (possibleEffect, acted) => {
      const upstream = upstreamThat({ end: endedAlready, delete: gone });
      expect(
        await actOn(upstream, WELCOME, { sid: sidOf(0), active: true, possibleEffect }, 'delete'),
      ).toEqual(acted);
    },
  );

  test('is no end, where the execution turns out to be active still', async () => {
    const upstream = upstreamThat({ end: endedAlready, delete: thrown(failure('conflict', 409, 20409)) });
    expect(
      await actOn(upstream, WELCOME, { sid: sidOf(0), active: true, possibleEffect: 'deleted' }, 'delete'),
    ).toEqual({
      outcome: 'failed',
      ended: false,
      active: true,
      reason: 'delete: conflict (20409)',
      transient: true,
      refused: false,
      possibleEffect: 'nothing',
    });
  });

  test('is no end of one that had ended by itself, whatever becomes of its delete', async () => {
    let tries = 0;
    const studio = createPurgedStudio({
      before: (operation, sid) => {
        if (operation === 'end') studio.store.end(sid ?? '');
      },
      after: (operation) => {
        if (operation === 'delete' && ++tries === 1) throw failure('unavailable', 503, 20503);
      },
    });
    studio.add({ sid: sidOf(0), flowSid: WELCOME, createdMs: NOON - 8 * DAY_MS, active: true });
    const record = await createWorldOf(studio.upstream).purge({ olderThan: 'P7D', status: 'any' });
    expect(record.counts).toMatchObject({ matched: 1, deleted: 1, ended: 0 });
  });

  test('grows with a try that may have deleted it, and not with one that surely did not', async () => {
    const failedWith = async (error: Error, possibleEffect: PossibleEffect = 'nothing') =>
      actOn(
        upstreamThat({ delete: thrown(error) }),
        WELCOME,
        { sid: sidOf(0), active: false, possibleEffect },
        'delete',
      );
    expect(await failedWith(failure('unavailable', 500, 20500))).toMatchObject({ possibleEffect: 'deleted' });
    expect(await failedWith(failure('throttled', 429, 20429))).toMatchObject({ possibleEffect: 'nothing' });
    expect(await failedWith(failure('throttled', 429, 20429), 'deleted')).toMatchObject({
      possibleEffect: 'deleted',
    });
    expect(await failedWith(failure('rejected', 400, 20001))).toMatchObject({ possibleEffect: 'nothing' });
  });
});
