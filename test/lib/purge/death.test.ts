import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import type { PurgeRequest } from '../../../lib/purge/record.ts';
import { type Death, mortalSlice } from './world/mortal.ts';
import { COUNT, seeded } from './world/seeded.ts';
import type { World } from './world/world.ts';

/** Until it is done; dies once, and is taken up by another worker. */
async function runDying(world: World, id: string, death: Death): Promise<boolean> {
  const counted = { calls: 0 };
  let died = false;
  for (;;) {
    const result = await mortalSlice(id, world.ports, died ? { at: 0, when: 'before' } : death, counted);
    if (result === null) died = true;
    else if (result.status !== 'running') return died;
  }
}

const request: Partial<PurgeRequest> = { olderThan: 'P7D', status: 'any' };

async function callsOf(changes: Partial<PurgeRequest>): Promise<number> {
  const { world } = seeded();
  const counted = { calls: 0 };
  const id = await world.start({ ...request, ...changes });
  while ((await mortalSlice(id, world.ports, { at: 0, when: 'before' }, counted))?.status === 'running');
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

describe('a worker that dies', () => {
  test('anywhere leaves nothing behind and nothing counted twice', async () => {
    const deaths = deathsWithin(await callsOf({}));
    let died = 0;
    for (const death of deaths) {
      const { studio, world } = seeded();
      const id = await world.start(request);
      if (await runDying(world, id, death)) died += 1;
      const record = await world.record(id);
      expect({ death, status: record.status, counts: record.counts, digest: record.digest.count }).toEqual({
        death,
        status: 'succeeded',
        counts: {
          listed: COUNT,
          matched: COUNT,
          archived: 0,
          ended: 90,
          deleted: COUNT,
          alreadyGone: 0,
          failed: 0,
        },
        digest: COUNT,
      });
      expect(studio.in('deleted')).toHaveLength(COUNT);
      expect(studio.deletedWhileActive).toBe(0);
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
      await runDying(world, id, death);
      const record = await world.record(id);
      expect({ death, counts: record.counts }).toMatchObject({
        death,
        counts: {
          matched: COUNT,
          archived: COUNT,
          ended: 90,
          deleted: COUNT,
          failed: 0,
        },
      });
      const archived = [...world.objects.values()].flatMap((object) =>
        gunzipSync(object)
          .toString()
          .trimEnd()
          .split('\n')
          .map((line) => JSON.parse(line)),
      );
      expect(archived).toHaveLength(COUNT);
      expect(new Set(archived.map(({ execution }) => execution.sid)).size).toBe(COUNT);
      expect(archived.every(({ execution, context }) => context.context.sid === execution.sid)).toBe(true);
    }
  });
});
