import { describe, expect, test } from 'vitest';
import { NEVER } from '../../../../infra/simulator/store/execution.ts';
import { addToDigest, EMPTY_DIGEST } from '../../../../lib/purge/record/digest.ts';
import { createPurgedStudio, createWorld, sidOf } from '../../../support/purge/studio/in-process.ts';
import { createWorldOf, NOON, WELCOME } from '../../../support/purge/world.ts';

/** Executions that are no more what they were listed as when it is their turn: active, or ended, by then. */

const DAY_MS = 86_400_000;
const day = (days: number) => new Date(NOON - days * DAY_MS).toISOString();

const COUNT = 900;
/** Listed as active, the others as ended. */
const isListedActive = (number: number) => number % 3 === 0;
/** Every second of either kind changes. */
const changes = (number: number) => number % 2 === 0;
const SIXTH = COUNT / 6;
/** What the purge has ended: those still active, and those active again; not those that have ended by themselves. */
const ENDED = { stillActive: SIXTH, activeAgain: 2 * SIXTH };

describe.each([false, true])('with an archive: %s', (archive) => {
  test('what has turned active is ended before it is deleted, and what has ended is not counted as ended', async () => {
    const changed = new Set<string>();
    const turn = (sid: string | null, state: 'active' | 'ended') => {
      if (sid === null || changed.has(sid) || !changes(Number.parseInt(sid.slice(2), 16))) return;
      changed.add(sid);
      if (state === 'ended') studio.store.end(sid);
      else studio.reactivate(sid);
    };
    const studio = createPurgedStudio({
      deleteActive: 'conflict',
      // What was listed as active is told to end first, what was listed as ended is deleted at once.
      before(operation, sid) {
        if (operation === 'end') turn(sid, 'ended');
        if (operation === 'delete') turn(sid, 'active');
      },
    });
    for (let number = 0; number < COUNT; number++)
      studio.add({
        sid: sidOf(number),
        flowSid: WELCOME,
        createdMs: NOON - 8 * DAY_MS - number * 60_000,
        active: isListedActive(number),
      });
    const world = createWorldOf(studio.upstream);
    const record = await world.purge({ olderThan: 'P7D', status: 'any', archive });
    expect(record).toMatchObject({ status: 'succeeded', failures: [] });
    expect(record.counts).toEqual({
      listed: COUNT,
      matched: COUNT,
      archived: archive ? COUNT : 0,
      ended: ENDED.stillActive + ENDED.activeAgain,
      deleted: COUNT,
      alreadyGone: 0,
      failed: 0,
    });
    const gone = studio.in('deleted').map(({ sid }) => sid);
    expect(gone).toHaveLength(COUNT);
    expect(record.digest).toEqual(addToDigest(EMPTY_DIGEST, gone));
    expect(changed.size).toBe(COUNT / 2);
    // Those that were active again were deleted in a second try, after their end.
    expect(studio.calls).toMatchObject({
      delete: COUNT + ENDED.activeAgain,
      end: COUNT / 3 + ENDED.activeAgain,
    });
  });
});

describe('through the client', () => {
  /** A purge of a Studio in which, once it has told its list, every second execution is no more what it told. */
  async function purged(status: 'any' | 'ended') {
    const { studio, purge } = createWorld({ deleteActive: 'conflict' });
    const between = { dateCreatedFrom: day(9), dateCreatedTo: day(8) };
    studio.store.seed({ flowSid: WELCOME, count: COUNT, activeShare: 1 / 3, ...between });
    const sidsOf = (state: 'active' | 'ended') =>
      [...studio.store.list({ flowSid: WELCOME, status: state })].map(({ sid }) => sid);
    const sids = { active: sidsOf('active'), ended: sidsOf('ended') };
    const changing = {
      active: sids.active.filter((_, index) => changes(index)),
      ended: sids.ended.filter((_, index) => changes(index)),
    };
    const same = {
      active: sids.active.filter((_, index) => !changes(index)),
      ended: sids.ended.filter((_, index) => !changes(index)),
    };
    /** What was asked of each execution, and what the answers were, in their order. */
    const stories = new Map<string, string[]>();
    let hasChanged = false;
    studio.watch(({ operation, status: answer, url }) => {
      // Told, and not read yet by anybody.
      if (operation === 'ListExecution' && !hasChanged) {
        hasChanged = true;
        for (const sid of changing.active) studio.store.end(sid);
        for (const sid of changing.ended) Object.assign(studio.store.existing(sid) ?? {}, { endedMs: NEVER });
      }
      if (operation !== 'UpdateExecution' && operation !== 'DeleteExecution') return;
      const sid = new URL(url).pathname.split('/').at(-1) ?? '';
      const step = operation === 'UpdateExecution' ? 'end' : 'delete';
      stories.set(sid, [...(stories.get(sid) ?? []), `${step}: ${answer}`]);
    });
    const record = await purge({ olderThan: 'P7D', status });
    /** Each different one, once. */
    const storiesOf = (all: readonly string[]) => [
      ...new Set(all.map((sid) => (stories.get(sid) ?? []).join(', '))),
    ];
    return { studio, record, changing, same, storiesOf };
  }

  test('nothing is deleted while it is active, whatever it was listed as', async () => {
    const { studio, record, changing, same, storiesOf } = await purged('any');
    expect(record).toMatchObject({ status: 'succeeded', failures: [] });
    expect(record.counts).toMatchObject({
      matched: COUNT,
      ended: same.active.length + changing.ended.length,
      deleted: COUNT,
      alreadyGone: 0,
      failed: 0,
    });
    expect(studio.store.count()).toEqual({ active: 0, ended: 0, deleted: COUNT });
    expect(storiesOf(same.ended)).toEqual(['delete: 204']);
    expect(storiesOf(same.active)).toEqual(['end: 200, delete: 204']);
    expect(storiesOf(changing.active)).toEqual(['end: 409, delete: 204']);
    expect(storiesOf(changing.ended)).toEqual(['delete: 409, end: 200, delete: 204']);
  });

  test('what was listed as ended goes, although it is active again; what is active and was listed so stays', async () => {
    const { studio, record, changing, same, storiesOf } = await purged('ended');
    // Those that have ended meanwhile are found by the next sweep.
    const count = same.ended.length + changing.ended.length + changing.active.length;
    expect(record).toMatchObject({ status: 'succeeded', failures: [] });
    expect(record.counts).toMatchObject({ deleted: count, ended: changing.ended.length, failed: 0 });
    expect(studio.store.count()).toEqual({ active: same.active.length, ended: 0, deleted: count });
    expect(storiesOf(same.active)).toEqual(['']);
    expect(storiesOf(changing.active)).toEqual(['delete: 204']);
    expect(storiesOf(changing.ended)).toEqual(['delete: 409, end: 200, delete: 204']);
  });
});
