import { gunzipSync, gzipSync } from 'node:zlib';
import { expect, test, vi } from 'vitest';
import type { ArchiveStore } from '../../../../lib/purge/engine/ports.ts';
import { runSlice } from '../../../../lib/purge/engine/slice.ts';
import type { PurgeRecord, PurgeRequest } from '../../../../lib/purge/record/record.ts';
import { withEachCall } from '../../../support/purge/calls.ts';
import { createPurgedStudio, failure, sidOf } from '../../../support/purge/studio/in-process.ts';
import { createTurmoil } from '../../../support/purge/studio/turmoil.ts';
import { createClock, createWorldOf, NOON, WELCOME } from '../../../support/purge/world.ts';

/** Workers of the same purge that are alive at once: one that was presumed dead goes on, a run was started twice. */

// In a thread of its own, gzip would change the order of the calls.
vi.mock('node:zlib', async (original) => ({
  ...(await original<typeof import('node:zlib')>()),
  gzip: (data: string, then: (error: null, body: Buffer) => void) => then(null, gzipSync(data)),
}));

const DAY_MS = 86_400_000;
const COUNT = 300;
const ACTIVE = 60;
const LIMIT = 170;
/** With the last, one takes a batch after another has taken over from it, and before it knows. */
const SEEDS = [...Array.from({ length: 30 }, (_, index) => index + 1), 6079];

/** Before the first of them is done. */
const MOST_CALLS = 200;
const CALLS_A_SECOND = 50;
/** For a loaded machine: each seed is a purge of its own. */
const TIMEOUT_MS = 60_000;

const linesOf = (object: Uint8Array) => gunzipSync(object).toString().trimEnd().split('\n').toSorted();

function fill(studio: ReturnType<typeof createPurgedStudio>, count: number, createdMs: number) {
  const before = studio.store.executions.length;
  for (let number = before; number < before + count; number++)
    studio.add({
      sid: sidOf(number),
      flowSid: WELCOME,
      createdMs: createdMs - number * 60_000,
      active: number % (COUNT / ACTIVE) === 0,
    });
}

async function purgedByThree(seed: number, request: Partial<PurgeRequest>) {
  const turmoil = createTurmoil(seed);
  const clock = createClock();
  const callMs = [0, 10, 80][turmoil.random(3)] ?? 0;
  const before = () => {
    clock.nowMs += callMs;
  };
  const studio = createPurgedStudio({ pageSize: 100, before });
  fill(studio, COUNT, NOON - 8 * DAY_MS);
  const world = createWorldOf(studio.upstream, clock);
  const replaced: string[] = [];
  world.ports.archive = {
    put: async (key, body) => {
      const standing = world.objects.get(key);
      if (standing && linesOf(standing).join() !== linesOf(body).join()) replaced.push(key);
      world.objects.set(key, body);
    },
  };
  const id = await world.start({ olderThan: 'P7D', status: 'any', ...request });
  const outcomes: string[] = [];
  const worker = (number: number) => async () => {
    const ports = withEachCall(world.ports, turmoil.around(number));
    await turmoil.later(number, turmoil.random(MOST_CALLS));
    let slices = 0;
    return world.run(id, async (purge) => {
      const result = await runSlice(purge, ports, `${number}-${++slices}`);
      outcomes.push(result.status);
      await turmoil.later(number, result.pauseSeconds * CALLS_A_SECOND);
      return result;
    });
  };
  await turmoil.together([worker(0), worker(1), worker(2)]);
  return { studio, world, replaced, outcomes, record: await world.record(id) };
}

function missingIn(objects: ReadonlyMap<string, Uint8Array>, studio: ReturnType<typeof createPurgedStudio>) {
  const lines = [...objects.values()].flatMap(linesOf).map((line) => JSON.parse(line));
  const archived = new Set(lines.map(({ execution }) => execution.sid));
  return studio.in('deleted').filter(({ sid }) => !archived.has(sid));
}

function factsOf({ counts, status, error, digest }: PurgeRecord) {
  const { deleted, alreadyGone, failed } = counts;
  return { status, error, deleted, alreadyGone, failed, acted: digest.count };
}

const done = (count: number) => ({
  status: 'succeeded',
  error: null,
  deleted: count,
  alreadyGone: 0,
  failed: 0,
  acted: count,
});

test('leave every deleted execution in the archive, replace nothing in it, and count each once', {
  timeout: TIMEOUT_MS,
}, async () => {
  let superseded = 0;
  for (const seed of SEEDS) {
    const { studio, world, replaced, outcomes, record } = await purgedByThree(seed, { archive: true });
    superseded += outcomes.filter((status) => status === 'superseded').length;
    expect({ seed, ...factsOf(record) }).toEqual({ seed, ...done(COUNT) });
    expect(record.counts).toMatchObject({ matched: COUNT, archived: COUNT, ended: ACTIVE });
    expect({ seed, replaced }).toEqual({ seed, replaced: [] });
    expect(missingIn(world.objects, studio)).toEqual([]);
    expect(studio.store.deletedWhileActive).toBe(0);
  }
  // They do meet.
  expect(superseded).toBeGreaterThan(SEEDS.length / 2);
});

test('do no more than was asked for, although one wakes up when all is done', {
  timeout: TIMEOUT_MS,
}, async () => {
  for (const seed of SEEDS) {
    const { studio, record } = await purgedByThree(seed, { limit: LIMIT });
    expect({ seed, ...factsOf(record) }).toEqual({ seed, ...done(LIMIT) });
    expect({ seed, deleted: studio.in('deleted').length }).toEqual({ seed, deleted: LIMIT });
    expect(studio.store.deletedWhileActive).toBe(0);
  }
});

test('do nothing more when the purge is over, with what they have listed before', async () => {
  const studio = createPurgedStudio();
  fill(studio, COUNT, NOON - 9 * DAY_MS);
  const world = createWorldOf(studio.upstream);
  const id = await world.start({ olderThan: 'P7D', status: 'any', limit: LIMIT });
  const openBatch: typeof world.memory.openBatch = async (...args) => {
    // The other takes these first, and leaves as many of what was listed.
    fill(studio, 50, NOON - 8 * DAY_MS);
    await world.run(id);
    return world.memory.openBatch(...args);
  };
  const late = await runSlice(id, { ...world.ports, store: { ...world.memory, openBatch } }, '2-1');
  expect(late.status).toBe('superseded');
  expect(factsOf(await world.record(id))).toEqual(done(LIMIT));
  expect(studio.in('deleted')).toHaveLength(LIMIT);
});

test('hide nothing of the archive by an object that comes late and holds less', async () => {
  let reads = 0;
  const studio = createPurgedStudio({
    before(operation) {
      if (operation === 'context' && ++reads === 1) throw failure('unavailable', 503, 20503);
    },
  });
  fill(studio, COUNT, NOON - 8 * DAY_MS);
  const world = createWorldOf(studio.upstream);
  const id = await world.start({ olderThan: 'P7D', status: 'any', archive: true });
  const put: ArchiveStore['put'] = async (...args) => {
    await world.run(id);
    await world.ports.archive?.put(...args);
  };
  expect((await runSlice(id, { ...world.ports, archive: { put } }, '2-1')).status).toBe('superseded');
  expect(factsOf(await world.record(id))).toEqual(done(COUNT));
  expect(missingIn(world.objects, studio)).toEqual([]);
});
