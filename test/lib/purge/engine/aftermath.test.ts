import { expect, test } from 'vitest';
import { SupersededError } from '../../../../lib/purge/engine/ports.ts';
import { createPurgedStudio, failure, sidOf } from '../../../support/purge/studio/in-process.ts';
import { createWorldOf, NOON, SURVEY, WELCOME } from '../../../support/purge/world.ts';

const DAY_MS = 86_400_000;

/** Some calls, of every batch but the first, or of that too, take until they are let go. */
function studioWithSlow(isSlow: (number: number) => boolean) {
  const studio = createPurgedStudio();
  for (let number = 0; number < 400; number++)
    studio.add({ sid: sidOf(number), flowSid: WELCOME, createdMs: NOON - 8 * DAY_MS - number * 60_000 });
  let underWay = 0;
  const mayGo = Promise.withResolvers<void>();
  const slow = async <T>(sid: string, work: () => Promise<T>): Promise<T> => {
    underWay += 1;
    try {
      if (isSlow(Number.parseInt(sid.slice(2), 16))) await mayGo.promise;
      return await work();
    } finally {
      underWay -= 1;
    }
  };
  const upstream: typeof studio.upstream = {
    ...studio.upstream,
    delete: (flow, sid) => slow(sid, () => studio.upstream.delete(flow, sid)),
    context: (flow, sid, most) => slow(sid, () => studio.upstream.context(flow, sid, most)),
  };
  return { upstream, letGo: mayGo.resolve, underWay: () => underWay };
}

/** Long after everything else: only a slice that waits for it sees it answered. */
const SLOW_MS = 150;

test('a slice whose record is somebody else’s ends when the deletes it has under way have', async () => {
  const { upstream, letGo, underWay } = studioWithSlow((number) => number >= 350);
  const world = createWorldOf(upstream);
  const id = await world.start({ olderThan: 'P7D' });
  world.ports.store = {
    ...world.memory,
    save: async () => {
      throw new SupersededError('somebody else');
    },
  };
  setTimeout(letGo, SLOW_MS);
  expect(await world.slice(id)).toMatchObject({ status: 'superseded' });
  expect(underWay()).toBe(0);
});

test.each([
  ['before the first batch: nothing is done', 0, 1],
  ['later: what is under way is finished, and nothing more begun', 1, 1_000],
])('a record that says meanwhile that it is over, %s', async (_when, batchesBefore, most) => {
  const studio = createPurgedStudio();
  for (let number = 0; number < 5_000; number++)
    studio.add({ sid: sidOf(number), flowSid: WELCOME, createdMs: NOON - 8 * DAY_MS - number * 60_000 });
  const world = createWorldOf(studio.upstream);
  const id = await world.start({ olderThan: 'P7D' });
  let batches = 0;
  const giveUp = async () => {
    const stored = await world.memory.read(id);
    if (stored) await world.memory.save({ ...stored.record, status: 'failed' }, stored.version);
  };
  world.ports.store = {
    ...world.memory,
    async read(purge) {
      const stored = await world.memory.read(purge);
      if (batchesBefore === 0) await giveUp();
      return stored;
    },
    async openBatch(...args) {
      if (++batches === batchesBefore) await giveUp();
      return world.memory.openBatch(...args);
    },
  };
  expect(await world.slice(id)).toMatchObject({ status: 'superseded' });
  expect(studio.in('deleted').length).toBeLessThan(most);
});

test.each(['delete', 'context'] as const)(
  'a slice that fails in a %s, as where the secret cannot be read, ends when the others have',
  async (call) => {
    const { upstream, letGo, underWay } = studioWithSlow((number) => number === 39);
    const world = createWorldOf({
      ...upstream,
      [call]: async (flow: string, sid: string, most: number) => {
        if (sid === sidOf(0)) throw new Error('the secret cannot be read');
        return call === 'context' ? upstream.context(flow, sid, most) : upstream[call](flow, sid);
      },
    });
    const id = await world.start({ olderThan: 'P7D', archive: call === 'context' });
    setTimeout(letGo, SLOW_MS);
    await expect(world.slice(id)).rejects.toThrow('the secret cannot be read');
    expect(underWay()).toBe(0);
  },
);

test('a flow that cannot be listed any more leaves the next one’s counts, and where it begins, alone', async () => {
  const studio = createPurgedStudio({ pageSize: 300 });
  for (let number = 0; number < 600; number++)
    studio.add({
      sid: sidOf(number),
      flowSid: WELCOME,
      createdMs: NOON - 20 * DAY_MS - number * 60_000,
      active: number === 100,
    });
  // Active, and so left: only a first sweep from the top counts them.
  for (let number = 600; number < 610; number++)
    studio.add({ sid: sidOf(number), flowSid: SURVEY, createdMs: NOON - 9 * DAY_MS, active: true });
  const mayGo = Promise.withResolvers<void>();
  let pages = 0;
  const world = createWorldOf({
    ...studio.upstream,
    async *pages(flowSid, ...rest) {
      if (flowSid === WELCOME && ++pages > 1) {
        setImmediate(mayGo.resolve);
        throw failure('not-found', 404, 20404);
      }
      yield* studio.upstream.pages(flowSid, ...rest);
    },
    delete: async (flow, sid) => {
      if (sid >= sidOf(250)) await mayGo.promise;
      return studio.upstream.delete(flow, sid);
    },
  });
  const id = await world.start({
    flows: 'all',
    contact: '+15550000000',
    dateCreatedTo: new Date(NOON - DAY_MS).toISOString(),
  });
  const record = await world.run(id);
  expect(record).toMatchObject({
    status: 'failed',
    activeLeft: 11,
    error: 'flow welcome could not be listed: list: not-found (20404)',
  });
  expect(record.counts.listed - record.counts.matched).toBe(11);
});
