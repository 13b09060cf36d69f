import { describe, expect, test } from 'vitest';
import type { PurgeRequest } from '../../../../lib/purge/record/record.ts';
import { type Death, immortal, mortalSlice, runDying } from '../../../support/purge/mortal.ts';
import { archivedIn } from '../../../support/purge/ports/archived.ts';
import { createPurgedStudio, failure, sidOf } from '../../../support/purge/studio/in-process.ts';
import { ACTIVE, COUNT, seeded } from '../../../support/purge/studio/seeded.ts';
import { createClock, createWorldOf, NOON, WELCOME } from '../../../support/purge/world.ts';

const DAY_MS = 86_400_000;

const request: Partial<PurgeRequest> = { olderThan: 'P7D', status: 'any' };

async function callsOf(changes: Partial<PurgeRequest>): Promise<number> {
  const { world } = seeded();
  const counted = { calls: 0 };
  const id = await world.start({ ...request, ...changes });
  while ((await mortalSlice(id, world.ports, immortal, counted))?.status === 'running');
  return counted.calls;
}

/** Spread over the whole run, and everywhere around its beginning and its end. */
function deathsWithin(calls: number): Death[] {
  const spread = Array.from({ length: 25 }, (_, index) => Math.ceil(((index + 1) * calls) / 26));
  const edges = [1, 2, 3, 4, 5, calls - 4, calls - 3, calls - 2, calls - 1, calls];
  return [...new Set([...edges, ...spread])].flatMap((at) => [
    { at, when: 'before' as const },
    { at, when: 'after' as const },
  ]);
}

/** For a loaded machine: each death is a purge of its own. */
const TIMEOUT_MS = 60_000;

describe('a worker that dies', { timeout: TIMEOUT_MS }, () => {
  test('anywhere leaves nothing behind and nothing counted twice', async () => {
    const deaths = deathsWithin(await callsOf({}));
    let died = 0;
    for (const death of deaths) {
      const { studio, world } = seeded();
      const id = await world.start(request);
      died += await runDying(world, id, [death]);
      const record = await world.record(id);
      expect({ death, status: record.status, counts: record.counts, digest: record.digest.count }).toEqual({
        death,
        status: 'succeeded',
        counts: {
          listed: COUNT,
          matched: COUNT,
          archived: 0,
          ended: ACTIVE,
          deleted: COUNT,
          alreadyGone: 0,
          failed: 0,
        },
        digest: COUNT,
      });
      expect(studio.in('deleted')).toHaveLength(COUNT);
      expect(studio.store.deletedWhileActive).toBe(0);
      expect(world.memory.openBatches()).toEqual([]);
    }
    // Where calls run side by side their number is not always the same; but nearly all must have died.
    expect(died).toBeGreaterThan(deaths.length * 0.9);
  });

  test('anywhere leaves every deleted execution in the archive once, and counts it once', async () => {
    const deaths = deathsWithin(await callsOf({ archive: true })).filter((_, index) => index % 4 < 2);
    for (const death of deaths) {
      const { world } = seeded();
      const id = await world.start({ ...request, archive: true });
      await runDying(world, id, [death]);
      const record = await world.record(id);
      expect({ death, counts: record.counts }).toMatchObject({
        death,
        counts: {
          matched: COUNT,
          archived: COUNT,
          ended: ACTIVE,
          deleted: COUNT,
          failed: 0,
        },
      });
      const archived = archivedIn(world);
      expect(archived).toHaveLength(COUNT);
      expect(new Set(archived.map(({ execution }) => execution.sid)).size).toBe(COUNT);
      expect(archived.every(({ execution, context }) => context.context.flow.sid === execution.sid)).toBe(
        true,
      );
    }
  });

  test.each([
    ['ended by itself before this purge could', true, 2],
    ['became active before this purge deleted it', false, 1],
  ])('before the record counts no other ends than were: one %s', async (_what, active, ended) => {
    const turned = sidOf(1);
    const studio = createPurgedStudio({
      deleteActive: 'conflict',
      before: (operation, sid) => {
        if (sid !== turned) return;
        if (operation === 'end' && active) studio.store.end(turned);
        if (operation === 'delete' && !active && studio.calls.end === 0) studio.reactivate(turned);
      },
    });
    for (let number = 0; number < 3; number++)
      studio.add({ sid: sidOf(number), flowSid: WELCOME, createdMs: NOON - 8 * DAY_MS, active });
    const world = createWorldOf(studio.upstream);
    const id = await world.start(request);
    expect(await runDying(world, id, [{ at: 2, when: 'before', of: 'store.save' }])).toBe(1);
    expect((await world.record(id)).counts).toMatchObject({ deleted: 3, ended });
  });

  test('while it takes back what Studio called gone, and lists on, counts each once', async () => {
    const resultOf = async (deaths: Death[]) => {
      const clock = createClock();
      const studio = createPurgedStudio({
        listLagMs: 7 * DAY_MS,
        clock,
        before: (operation, sid) => {
          if (operation === 'delete' && sid === sidOf(1)) throw failure('rejected', 400, 21000);
        },
      });
      for (let number = 0; number < 2; number++)
        studio.add({ sid: sidOf(number), flowSid: WELCOME, createdMs: NOON - 8 * DAY_MS });
      studio.store.delete(sidOf(0));
      const world = createWorldOf(studio.upstream, clock);
      const id = await world.start(request);
      expect(await runDying(world, id, deaths)).toBe(deaths.length);
      const { counts, failures, status } = await world.record(id);
      expect(world.failures.all(id)).toHaveLength(counts.failed);
      return { counts, failures, status };
    };
    const undisturbed = await resultOf([]);
    expect(undisturbed.counts).toMatchObject({ matched: 2, alreadyGone: 0, failed: 2 });
    for (const when of ['before', 'after'] as const)
      for (const of of ['store.openBatch', 'failures.put', 'store.save'] as const)
        expect(await resultOf([{ at: of === 'store.save' ? 3 : 2, when, of }])).toEqual(undisturbed);
  });
});
