import { expect, test } from 'vitest';
import type { PurgeStore } from '../../../../lib/purge/engine/ports.ts';
import { runSlice } from '../../../../lib/purge/engine/slice.ts';
import type { PurgeRequest } from '../../../../lib/purge/record/record.ts';
import { type Death, mortalSlice, runDying } from '../../../support/purge/mortal.ts';
import { createPurgedStudio, sidOf } from '../../../support/purge/studio/in-process.ts';
import { COUNT, seeded } from '../../../support/purge/studio/seeded.ts';
import { createWorldOf, NOON, WELCOME } from '../../../support/purge/world.ts';

/** A worker that dies of the same again and again: memory, or a call that blocks it until its time is over. */

const MANY = 20;
const times = (death: Death) => Array.from({ length: MANY }, () => death);

test.each<[string, Partial<PurgeRequest>, Death, string, number]>([
  // The first of them opens the batch, which is further than before.
  [
    'the archive',
    { archive: true },
    { of: 'archive.put', at: 1, when: 'before' },
    'at the archive of the flow welcome',
    4,
  ],
  [
    'a delete',
    {},
    { of: 'upstream.delete', at: 1, when: 'before' },
    'at executions of the flow welcome that it was to delete',
    4,
  ],
  ['the list', {}, { of: 'upstream.pages', at: 1, when: 'after' }, 'at the list of the flow welcome', 3],
  [
    'the list of a dry run',
    { dryRun: true },
    { of: 'upstream.pages', at: 1, when: 'after' },
    'at the list of the flow welcome',
    3,
  ],
])(
  'dies at %s: the purge ends after the third time without progress, and says where',
  async (_where, request, death, said, deaths) => {
    const { studio, world } = seeded();
    const id = await world.start({ olderThan: 'P7D', status: 'any', ...request });
    expect(await runDying(world, id, times(death))).toBe(deaths);
    const { status, error, counts, dateEnded } = await world.record(id);
    expect({ status, deleted: counts.deleted }).toEqual({ status: 'failed', deleted: 0 });
    expect(error).toContain(`The worker died 3 times in a row without getting further, ${said}.`);
    expect(error).toContain('Remove the cause and start the purge again');
    expect(dateEnded).not.toBeNull();
    // The next purge has its turn, and does it all.
    const next = await world.purge({ olderThan: 'P7D', status: 'any' });
    expect(next).toMatchObject({ status: 'succeeded', counts: { deleted: COUNT } });
    expect(studio.in('deleted')).toHaveLength(COUNT);
  },
);

test('says of how many executions it is not known whether they were deleted', async () => {
  const { studio, world } = seeded();
  const id = await world.start({ olderThan: 'P7D', status: 'any' });
  await runDying(world, id, times({ of: 'upstream.delete', at: 1, when: 'after' }));
  const { status, error, counts } = await world.record(id);
  expect({ status, counted: counts.deleted }).toEqual({ status: 'failed', counted: 0 });
  expect(studio.in('deleted').length).toBeGreaterThan(0);
  expect(error).toMatch(/what is left; of \d+ executions it is not known whether they were acted on$/);
});

test('goes on where each worker gets further than the one before', async () => {
  const { world } = seeded();
  const id = await world.start({ olderThan: 'P7D', status: 'any', archive: true });
  // Two that get nowhere, and one that brings a batch into the record.
  const deaths: Death[] = [
    { of: 'archive.put', at: 1, when: 'before' },
    { of: 'archive.put', at: 1, when: 'before' },
    { of: 'archive.put', at: 1, when: 'before' },
    { of: 'upstream.delete', at: 1, when: 'before' },
    { of: 'upstream.delete', at: 1, when: 'before' },
    { of: 'upstream.delete', at: 1, when: 'before' },
    { of: 'archive.put', at: 1, when: 'before' },
    { of: 'archive.put', at: 1, when: 'before' },
    { of: 'archive.put', at: 1, when: 'before' },
  ];
  expect(await runDying(world, id, deaths)).toBe(deaths.length);
  expect(await world.record(id)).toMatchObject({
    status: 'succeeded',
    error: null,
    counts: { archived: COUNT, deleted: COUNT },
  });
});

test('goes on where each worker lists one page more than the one before', async () => {
  const studio = createPurgedStudio({ pageSize: 50 });
  for (let number = 0; number < COUNT; number++)
    studio.add({ sid: sidOf(number), flowSid: WELCOME, createdMs: NOON - (8 * 1_440 + number) * 60_000 });
  const world = createWorldOf(studio.upstream);
  const id = await world.start({ olderThan: 'P7D', dryRun: true });
  const deaths = Array.from({ length: 6 }, () => ({ of: 'upstream.pages', at: 2, when: 'before' }) as const);
  expect(await runDying(world, id, deaths)).toBe(deaths.length);
  expect(await world.record(id)).toMatchObject({ status: 'succeeded', counts: { matched: COUNT } });
});

test('is not taken for dead when the table fails it, however often', async () => {
  const { world } = seeded();
  const id = await world.start({ olderThan: 'P7D', status: 'any' });
  const openBatch = async () => {
    throw new Error('ProvisionedThroughputExceededException');
  };
  const failing = { ...world.ports, store: { ...world.memory, openBatch } };
  for (let tries = 0; tries < 8; tries++)
    await expect(runSlice(id, failing, '1-1')).rejects.toThrow('ProvisionedThroughput');
  expect(await runSlice(id, world.ports, '1-1')).toMatchObject({ status: 'succeeded' });
  expect((await world.record(id)).counts.deleted).toBe(COUNT);
});

test('throws all errors if the table fails it again while it cleans up', async () => {
  const { world } = seeded();
  const id = await world.start({ olderThan: 'P7D', status: 'any' });
  const [first, second] = [new Error('openBatch failed'), new Error('save failed')];
  let saves = 0;
  const store: PurgeStore = {
    ...world.memory,
    openBatch: () => Promise.reject(first),
    save: (...args) => (++saves > 1 ? Promise.reject(second) : world.memory.save(...args)),
  };
  const slice = runSlice(id, { ...world.ports, store }, '1-1');
  await expect(slice).rejects.toMatchObject({ errors: [first, second], cause: first });
});

test('is not taken for dead where its slices end in their order and get nowhere', async () => {
  const { studio, world } = seeded();
  const id = await world.start({ olderThan: 'P7D', status: 'any' });
  world.ports.upstream = {
    ...studio.upstream,
    pages: async function* () {
      yield* [];
      await new Promise(() => undefined);
    },
  };
  // Each dies in a step of its own: the one before it was over, so what was begun there is no sign of a death.
  for (let step = 1; step <= 5; step++) {
    const dying = mortalSlice(
      id,
      world.ports,
      { of: 'locks.acquire', at: 1, when: 'after' },
      { calls: 0 },
      `1-${step}`,
    );
    expect(await dying).toBeNull();
  }
  world.ports.upstream = studio.upstream;
  await world.ports.locks.release(WELCOME, id);
  expect(await world.run(id)).toMatchObject({ status: 'succeeded', counts: { deleted: COUNT } });
});
