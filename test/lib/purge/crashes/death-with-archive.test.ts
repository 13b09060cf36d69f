import { describe, expect, test } from 'vitest';
import { addToDigest, EMPTY_DIGEST } from '../../../../lib/purge/record/digest.ts';
import { type Death, runDying } from '../../../support/purge/mortal.ts';
import { archivedIn } from '../../../support/purge/ports/archived.ts';
import { ACTIVE, COUNT, seeded } from '../../../support/purge/studio/seeded.ts';

/** Between the archive, the delete and the record: whatever a worker leaves there, the next one finds. */

const request = { olderThan: 'P7D', status: 'any', archive: true } as const;

type Seeded = ReturnType<typeof seeded>;
/** How far things are: in the archive, gone, counted in the record. */
type Reached = { archived: number; deleted: number; counted: number };

async function reached({ studio, world }: Seeded, id: string): Promise<Reached> {
  const { counts } = await world.record(id);
  return {
    archived: archivedIn(world).length,
    deleted: studio.in('deleted').length,
    counted: counts.deleted,
  };
}

/** Whatever its worker died of, this is what has to become of a purge of everything. */
async function expectAllDone({ studio, world }: Seeded, id: string): Promise<void> {
  const { status, counts, digest } = await world.record(id);
  expect({ status, counts }).toEqual({
    status: 'succeeded',
    counts: {
      listed: COUNT,
      matched: COUNT,
      archived: COUNT,
      ended: ACTIVE,
      deleted: COUNT,
      alreadyGone: 0,
      failed: 0,
    },
  });
  const gone = studio.in('deleted').map(({ sid }) => sid);
  expect(gone).toHaveLength(COUNT);
  expect(studio.store.deletedWhileActive).toBe(0);
  expect(digest).toEqual(addToDigest(EMPTY_DIGEST, gone));
  const archived = archivedIn(world).map(({ execution }) => execution.sid);
  expect(archived.toSorted()).toEqual(gone.toSorted());
}

const isArchivedOnly = ({ archived, deleted }: Reached) => archived > deleted;
const isUncounted = ({ deleted, counted }: Reached) => deleted > counted;
const isCounted = ({ deleted, counted }: Reached) => counted > 0 && deleted >= counted;

/** The first time that the record is written nothing was done yet: the others are after a batch each. */
const OF_EACH = [1, 2];
const OF_EACH_RECORD = [2, 3];

describe('with an archive, a worker that dies', () => {
  test.each<[string, Omit<Death, 'at'>, number[], (at: Reached) => boolean]>([
    [
      'after the object, which is not written down',
      { of: 'archive.put', when: 'after' },
      OF_EACH,
      isArchivedOnly,
    ],
    ['before the object is written down', { of: 'store.saveBatch', when: 'before' }, OF_EACH, isArchivedOnly],
    [
      'after that, before the first delete',
      { of: 'store.saveBatch', when: 'after' },
      OF_EACH,
      isArchivedOnly,
    ],
    ['before a delete', { of: 'upstream.delete', when: 'before' }, OF_EACH, isArchivedOnly],
    ['after an end', { of: 'upstream.end', when: 'after' }, OF_EACH, isArchivedOnly],
    ['after a delete', { of: 'upstream.delete', when: 'after' }, OF_EACH, isUncounted],
    ['before the record', { of: 'store.save', when: 'before' }, OF_EACH_RECORD, isUncounted],
    ['after the record', { of: 'store.save', when: 'after' }, OF_EACH_RECORD, isCounted],
  ])('%s, leaves it to the next to count each once', async (_where, death, times, isThere) => {
    for (const at of times) {
      const seed = seeded();
      const id = await seed.world.start(request);
      const died = await runDying(seed.world, id, [{ ...death, at }], async () => {
        const found = await reached(seed, id);
        expect({ at, ...found, isThere: isThere(found) }).toEqual({ at, ...found, isThere: true });
      });
      expect(died).toBe(1);
      await expectAllDone(seed, id);
    }
  });

  test('in the same batch as others before it leaves no more to the last', async () => {
    const seed = seeded();
    const id = await seed.world.start(request);
    const deaths: [Death, (at: Reached) => boolean][] = [
      [{ of: 'archive.put', at: 1, when: 'after' }, isArchivedOnly],
      [{ of: 'store.saveBatch', at: 1, when: 'after' }, isArchivedOnly],
      [{ of: 'upstream.delete', at: 1, when: 'after' }, isUncounted],
      [{ of: 'store.save', at: 2, when: 'before' }, isUncounted],
      [{ of: 'store.save', at: 2, when: 'after' }, isCounted],
    ];
    const where: boolean[] = [];
    await runDying(
      seed.world,
      id,
      deaths.map(([death]) => death),
      async (nth) => {
        const isThere = deaths[nth - 1]?.[1];
        where.push(isThere?.(await reached(seed, id)) ?? false);
      },
    );
    expect(where).toEqual(deaths.map(() => true));
    await expectAllDone(seed, id);
  });
});
