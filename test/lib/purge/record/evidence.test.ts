import { describe, expect, test, vi } from 'vitest';
import { createRandom } from '../../../../infra/simulator/random.ts';
import { SupersededError, type Upstream } from '../../../../lib/purge/engine/ports.ts';
import { viewOf } from '../../../../lib/purge/record/view.ts';
import { mortalSlice } from '../../../support/purge/mortal.ts';
import { archivedIn } from '../../../support/purge/ports/archived.ts';
import { createPurgedStudio, failure, type Quirks, sidOf } from '../../../support/purge/studio/in-process.ts';
import { createClock, createWorldOf, NOON, WELCOME } from '../../../support/purge/world.ts';

const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;

function seeded(count: number, quirks: Quirks = {}, clock = createClock()) {
  const studio = createPurgedStudio({ ...quirks, clock });
  for (let number = 0; number < count; number++)
    studio.add({
      sid: sidOf(number),
      flowSid: WELCOME,
      createdMs: NOON - 8 * DAY_MS - number * MINUTE_MS,
      address: number % 5 === 0 ? '+15551' : '+15552',
      active: number % 10 === 0,
    });
  return { studio, ...createWorldOf(studio.upstream, clock) };
}

describe('the archive of a purge', () => {
  test('holds each execution once, however slow Studio is, and the purge gets on', async () => {
    const clock = createClock();
    const world = seeded(
      400,
      {
        before: (operation) => {
          if (operation === 'context' || operation === 'delete') clock.nowMs += 400;
        },
      },
      clock,
    );
    const fetch = vi.spyOn(world.studio.upstream, 'fetch');
    const record = await world.purge({ olderThan: 'P7D', archive: true });
    expect(record).toMatchObject({
      status: 'succeeded',
      counts: { matched: 360, archived: 360, deleted: 360, alreadyGone: 0 },
    });
    expect(archivedIn(world)).toHaveLength(360);
    // Nothing was read twice, nor anew what the list had shown.
    expect(world.studio.calls.context).toBe(360);
    expect(fetch).not.toHaveBeenCalled();
  });

  test('holds each once where its object was stored and the answer lost', async () => {
    const objects = new Map<string, Uint8Array>();
    let lost = 0;
    const studio = seeded(60).studio;
    const world = createWorldOf(studio.upstream, createClock(), {
      archive: {
        put: async (key, body) => {
          objects.set(key, body);
          if (lost++ < 2) throw new Error('TimeoutError');
        },
      },
    });
    const record = await world.purge({ olderThan: 'P7D', archive: true });
    expect(record).toMatchObject({ status: 'succeeded', counts: { archived: 54, deleted: 54 } });
    expect(archivedIn({ objects })).toHaveLength(54);
  });
});

test('a list that lags behind shows nothing twice to the next worker', async () => {
  const world = seeded(600, { pageSize: 100, listLagMs: 5_000 });
  const id = await world.start({ olderThan: 'P7D', status: 'any' });
  for (let deaths = 1; deaths <= 3; deaths++)
    expect(await mortalSlice(id, world.ports, { at: 130, when: 'after' })).toBeNull();
  expect(await world.run(id)).toMatchObject({
    status: 'succeeded',
    counts: { listed: 600, matched: 600, ended: 60, deleted: 600, alreadyGone: 0, failed: 0 },
  });
});

describe.each(['oldest-first', 'none'] as const)('a Studio that lists in the order %s', (listOrder) => {
  test('and little at a time: everything is found all the same', async () => {
    const world = seeded(3_000, { listOrder, pageSize: 50 });
    const record = await world.purge({ olderThan: 'P7D', status: 'any' });
    expect(record).toMatchObject({ status: 'succeeded', counts: { deleted: 3_000, failed: 0 } });
    expect(world.studio.in('deleted')).toHaveLength(3_000);
  });
});

test('small pages are put together to batches, also after the first ones', async () => {
  const clock = createClock();
  const world = seeded(
    4_000,
    {
      pageSize: 20,
      before: (operation) => {
        if (operation === 'delete') clock.nowMs += 2;
      },
    },
    clock,
  );
  const before = world.memory.writes;
  const record = await world.purge({ olderThan: 'P7D', status: 'any' });
  expect(record).toMatchObject({ status: 'succeeded', counts: { deleted: 4_000 } });
  // Two writes a batch, of no fewer than twenty pages.
  expect(world.memory.writes - before).toBeLessThan(40);
});

test('a Studio that for ever lists what is gone ends the purge, which says so', async () => {
  const world = seeded(11_500, { listLagMs: 7 * DAY_MS });
  const record = await world.purge({ olderThan: 'P7D' });
  // Those that were found gone in later sweeps, since only the last are remembered, are no deletions.
  expect(record).toMatchObject({ counts: { deleted: 10_350 }, digest: { count: 10_350 } });
  expect(record).toMatchObject({
    status: 'failed',
    error: expect.stringMatching(
      /flow welcome could not be listed: list: it goes on to show what Studio says is deleted$/,
    ),
  });
});

describe.each([
  ['says that they are not there', 'already-gone', { deleted: 1_960, alreadyGone: 0, failed: 40 }],
  ['says that they are deleted', 'deleted', { deleted: 2_000, alreadyGone: 0, failed: 0 }],
] as const)('a Studio that keeps a few, and %s', (_what, outcome, counts) => {
  const worldOf = () => {
    const { studio, clock } = seeded(2_000);
    const isKept = (sid: string) => Number.parseInt(sid.slice(-8), 16) % 50 === 1;
    const upstream: Upstream = {
      ...studio.upstream,
      delete: async (flow, sid) => {
        if (!isKept(sid)) return studio.upstream.delete(flow, sid);
        return outcome === 'deleted' ? { outcome } : { outcome, afterLostResponse: false };
      },
    };
    return { studio, ...createWorldOf(upstream, clock) };
  };

  test('fails the purge, which has waited for the list, and counts and names each once', async () => {
    const world = worldOf();
    const startedMs = world.clock.nowMs;
    const record = await world.purge({ olderThan: 'P7D', status: 'any' });
    expect(record).toMatchObject({
      status: 'failed',
      error: expect.stringMatching(
        /flow welcome could not be listed: list: it goes on to show what Studio says is deleted$/,
      ),
      counts: { listed: 2_000, matched: 2_000, ...counts },
    });
    expect(world.studio.in('deleted')).toHaveLength(1_960);
    const kept = world.studio.in('ended').map(({ sid }) => sid);
    expect(record.failures.map(({ sid }) => sid).sort()).toEqual(counts.failed > 0 ? kept.sort() : []);
    expect(new Set(record.failures.map(({ reason }) => reason)).size).toBeLessThanOrEqual(1);
    const waitedMs = world.clock.nowMs - startedMs;
    expect(waitedMs).toBeGreaterThan(MINUTE_MS);
    expect(waitedMs).toBeLessThan(4 * MINUTE_MS);
  });
});

test('tokens that are refused again and again end no list that gets on between', async () => {
  let pages = 0;
  const { studio, ...world } = seeded(3_000, { pageSize: 50 });
  const upstream = {
    ...studio.upstream,
    async *pages(...args: Parameters<typeof studio.upstream.pages>) {
      for await (const page of studio.upstream.pages(...args)) {
        if (++pages % 3 === 0) throw failure('rejected', 400, 21481);
        yield page;
      }
    },
  };
  const patient = createWorldOf(upstream, world.clock);
  const record = await patient.purge({ olderThan: 'P7D', status: 'any', dryRun: true });
  expect(record).toMatchObject({ status: 'succeeded', counts: { listed: 3_000, matched: 3_000 } });
  expect(pages).toBeGreaterThan(75);
});

/** Many pages of one second; after a page, the token for the next may be refused. */
function oneSecond(count: number, isRefused: () => boolean) {
  const studio = createPurgedStudio({ pageSize: 50 });
  for (let number = 0; number < count; number++)
    studio.add({ sid: sidOf(number), flowSid: WELCOME, createdMs: NOON - 8 * DAY_MS });
  const upstream: Upstream = {
    ...studio.upstream,
    async *pages(...args) {
      for await (const page of studio.upstream.pages(...args)) {
        yield page;
        if (page.nextPageUrl !== null && isRefused()) throw failure('rejected', 400, 21481);
      }
    },
  };
  return createWorldOf(upstream);
}

test('a dry run gets through ten pages of one second although every tenth token is refused', async () => {
  const random = createRandom(15);
  let refused = 0;
  const world = oneSecond(500, () => {
    const isRefused = random() <= 0.1;
    if (isRefused) refused += 1;
    return isRefused;
  });
  const record = await world.purge({ olderThan: 'P7D', dryRun: true });
  expect(record).toMatchObject({ status: 'succeeded', counts: { listed: 500, matched: 500 } });
  // As many in a row would have been too many once.
  expect(refused).toBeGreaterThan(5);
});

describe('where every token is refused, and one second holds many pages', () => {
  const withoutTokens = () => oneSecond(2_000, () => true);

  test('a purge deletes what it sees, too little for a batch as it is, and so sees the rest', async () => {
    const record = await withoutTokens().purge({ olderThan: 'P7D' });
    expect(record).toMatchObject({ status: 'succeeded', counts: { deleted: 2_000, failed: 0 } });
  });

  test('a dry run, which cannot get on, says so', async () => {
    const record = await withoutTokens().purge({ olderThan: 'P7D', dryRun: true });
    expect(record).toMatchObject({
      status: 'failed',
      error: 'flow welcome could not be listed: list: rejected (21481)',
    });
  });
});

describe('a worker that meets another’s write', () => {
  test('goes on where it was the last one of a worker that is dead', async () => {
    const world = seeded(100);
    const id = await world.start({ olderThan: 'P7D', status: 'any' });
    let zombie: (() => Promise<unknown>) | null = null;
    // The first worker dies while its batch is on the way to the table.
    const openBatch: typeof world.memory.openBatch = async (purge, batch) => {
      zombie = () => world.memory.openBatch(purge, batch);
      throw new Error('killed');
    };
    await expect(
      mortalSlice(id, { ...world.ports, store: { ...world.memory, openBatch } }, { at: 0, when: 'before' }),
    ).rejects.toThrow('killed');
    // It arrives when the second one has looked for what is open already.
    const upstream = {
      ...world.studio.upstream,
      async *pages(...args: Parameters<typeof world.studio.upstream.pages>) {
        await zombie?.();
        zombie = null;
        yield* world.studio.upstream.pages(...args);
      },
    };
    world.studio.add({ sid: sidOf(500), flowSid: WELCOME, createdMs: NOON - 8 * DAY_MS });
    const record = await world.run(id, (purge) => mortalSliceOf(purge, { ...world.ports, upstream }));
    expect(record).toMatchObject({ status: 'succeeded', counts: { matched: 101, deleted: 101, failed: 0 } });
    expect(world.waits).toEqual([5]);
  });

  test('leaves the purge to it where it goes on writing', async () => {
    const world = seeded(100);
    const id = await world.start({ olderThan: 'P7D' });
    const save = async () => {
      throw new SupersededError('somebody else');
    };
    await world.run(id, (purge) =>
      mortalSliceOf(purge, { ...world.ports, store: { ...world.memory, save } }),
    );
    expect(world.waits).toEqual([5, 5, 5, 5, 5]);
  });

  async function mortalSliceOf(purge: string, ports: Parameters<typeof mortalSlice>[1]) {
    const result = await mortalSlice(purge, ports, { at: 0, when: 'before' });
    if (!result) throw new Error('It died');
    return result;
  }
});

describe('the erasure of a contact', () => {
  test.each([true, false])('that leaves active executions says how many (dry run: %s)', async (dryRun) => {
    const world = seeded(1_000, { pageSize: 100 });
    const record = await world.purge({ contact: '+15551', dryRun });
    // Every fifth is the contact's, and every second of these is active.
    expect(record).toMatchObject({
      status: 'succeeded',
      counts: { matched: 100, deleted: dryRun ? 0 : 100 },
    });
    expect(viewOf(record, NOON)).toMatchObject({ activeLeft: 100, activeMatched: dryRun ? 0 : null });
    expect(world.studio.in('active')).toHaveLength(100);
  });

  test('with any status leaves none, and a purge of no contact does not count them', async () => {
    const world = seeded(100);
    const any = await world.purge({ contact: '+15551', status: 'any' });
    expect(viewOf(any, NOON).activeLeft).toBeNull();
    expect(any.counts).toMatchObject({ deleted: 20, ended: 10 });
    const aged = await world.purge({ olderThan: 'P7D' });
    expect(viewOf(aged, NOON).activeLeft).toBeNull();
  });

  test.each([
    ['oldest-first', 10],
    ['none', 20],
  ] as const)('counts them all, also where they are listed %s, %i at a time', async (listOrder, pageSize) => {
    const world = seeded(1_000, { listOrder, pageSize });
    const record = await world.purge({ contact: '+15551' });
    expect(record).toMatchObject({ status: 'succeeded', counts: { deleted: 100 }, activeLeft: 100 });
  });

  test('counts them once, also over many slices', async () => {
    const clock = createClock();
    const world = seeded(
      1_000,
      {
        pageSize: 50,
        before: (operation) => {
          if (operation === 'list') clock.nowMs += 9_000;
        },
      },
      clock,
    );
    const record = await world.purge({ contact: '+15551' });
    expect(record).toMatchObject({ counts: { listed: 1_000, matched: 100, deleted: 100 }, activeLeft: 100 });
  });
});

test('what failed is named by the record, the first hundred of it', async () => {
  const world = seeded(1_000, {
    before: (operation, sid) => {
      if (operation === 'delete' && sid?.endsWith('7')) throw failure('rejected', 400, 20001);
    },
  });
  const record = await world.purge({ olderThan: 'P7D', status: 'any' });
  const left = [...world.studio.store.list()];
  expect(record.counts.failed).toBe(left.length);
  expect(record.failures).toHaveLength(left.length);
  expect(new Set(record.failures.map(({ sid }) => sid))).toEqual(new Set(left.map(({ sid }) => sid)));
});
