import { expect, test } from 'vitest';
import { abandonPurge, finalRecord } from '../../../../lib/purge/engine/final-record.ts';
import { runPurge } from '../../../../lib/purge/engine/run.ts';
import { stopPurge } from '../../../../lib/purge/order/purge-service.ts';
import { HEARTBEAT_TIMEOUT_MS } from '../../../../lib/purge/record/view.ts';
import { batchOf } from '../../../support/purge/batch.ts';
import { mortalSlice } from '../../../support/purge/mortal.ts';
import { createPurgedStudio, failure, sidOf } from '../../../support/purge/studio/in-process.ts';
import { createWorldOf, NOON, WELCOME, type World } from '../../../support/purge/world.ts';

const DAY_MS = 86_400_000;

/** A purge whose worker died with its first batch, of all of them, under way. */
async function died() {
  const studio = createPurgedStudio();
  for (let number = 0; number < 450; number++)
    studio.add({ sid: sidOf(number), flowSid: WELCOME, createdMs: NOON - 8 * DAY_MS - number * 60_000 });
  const world = createWorldOf(studio.upstream);
  const id = await world.start({ olderThan: 'P7D' });
  expect(await mortalSlice(id, world.ports, { at: 20, when: 'after' })).toBeNull();
  expect(studio.in('deleted').length).toBeGreaterThan(0);
  return { ...world, id };
}

const doubt = 'of 450 executions it is not known whether they were acted on';

test('a purge that is abandoned says how many executions are in doubt', async () => {
  const { ports, record, clock, id } = await died();
  expect(await abandonPurge(ports, id, 'The worker failed: Error', clock.nowMs)).toBe('failed');
  expect(await record(id)).toMatchObject({
    status: 'failed',
    error: `The worker failed: Error; ${doubt}`,
    counts: { deleted: 0 },
  });
  await abandonPurge(ports, id, 'again', clock.nowMs);
  expect((await record(id)).error).not.toContain('again');
});

test('so does one that is stopped after its worker has gone silent', async () => {
  const { ports, record, clock, id } = await died();
  await stopPurge(ports, id, clock.nowMs + HEARTBEAT_TIMEOUT_MS + 1);
  expect(await record(id)).toMatchObject({ status: 'stopped', error: doubt });
});

test.each<[string, (world: World, id: string) => Promise<unknown>]>([
  ['stopped', (world, id) => world.memory.requestStop(id).then(() => world.run(id))],
  ['stopped', ({ ports, clock }, id) => stopPurge(ports, id, clock.nowMs + HEARTBEAT_TIMEOUT_MS + 1)],
  ['failed', ({ ports, clock }, id) => abandonPurge(ports, id, 'The worker failed', clock.nowMs)],
])(
  'failures that may have been deleted, and that no round looked at again, are in doubt: %s',
  async (status, end) => {
    let deletes = 0;
    const studio = createPurgedStudio({
      after: (operation) => {
        if (operation === 'delete' && ++deletes > 100) throw failure('unavailable', 503, 20503);
      },
    });
    for (let number = 0; number < 450; number++)
      studio.add({ sid: sidOf(number), flowSid: WELCOME, createdMs: NOON - 8 * DAY_MS - number * 60_000 });
    const world = createWorldOf(studio.upstream);
    const id = await world.start({ olderThan: 'P7D' });
    await world.slice(id);
    await end(world, id);
    const { counts, error, ...record } = await world.record(id);
    expect({ status: record.status, gone: counts.deleted + counts.failed }).toEqual({
      status,
      gone: studio.in('deleted').length,
    });
    expect(counts.failed).toBeGreaterThan(0);
    expect(error).toContain(`of ${counts.failed} executions it is not known whether they were acted on`);
  },
);

const failed = {
  created: null,
  active: false,
  archived: false,
  reason: 'delete: timeout',
  transient: true,
  possibleEffect: 'deleted' as const,
  round: 0,
};
const outcome = { archived: 0, done: [], ended: 0, gone: [], failed: [] };

test('so are those of a batch that stays open', async () => {
  const world = createWorldOf(createPurgedStudio().upstream);
  const id = await world.start({ olderThan: 'P7D' });
  const failures = [
    { ...failed, sid: sidOf(2) },
    { ...failed, sid: sidOf(3), possibleEffect: 'nothing' as const },
  ];
  const open = batchOf(1, { inactive: [sidOf(1)], outcome: { ...outcome, failed: failures } });
  await world.memory.openBatch(id, open);
  await abandonPurge(world.ports, id, 'The worker failed', NOON);
  expect(await world.record(id)).toMatchObject({
    counts: { failed: 2 },
    error: 'The worker failed; of 2 executions it is not known whether they were acted on',
  });
});

test('of a retry that stays open, what is known to be done has not failed, and the rest is in doubt once', async () => {
  const world = createWorldOf(createPurgedStudio().upstream);
  const id = await world.start({ olderThan: 'P7D' });
  const retried = [1, 2, 3].map((number) => ({ ...failed, sid: sidOf(number) }));
  await world.failures.put(id, 0, retried);
  const [done = '', ...inactive] = retried.map(({ sid }) => sid);
  await world.memory.openBatch(id, batchOf(1, { retried, inactive, outcome: { ...outcome, done: [done] } }));
  const record = await world.record(id);
  const before = { ...record, counts: { ...record.counts, matched: 3, failed: 3 } };
  expect(await finalRecord(world.ports, before, null)).toMatchObject({
    counts: { matched: 3, deleted: 1, failed: 2 },
    failures: inactive.map((sid) => ({ sid, reason: 'delete: timeout' })),
    error: 'of 2 executions it is not known whether they were acted on',
  });
});

test('a run that cannot go on says what kept it, not how the durable SDK calls that', async () => {
  const secretError = Object.assign(new Error('personal'), { name: 'SecretError' });
  // In a minified bundle the SDK's errors have the names of their minified classes.
  const stepError = Object.assign(new Error('personal', { cause: secretError }), { name: 'Xn' });
  const abandoned: string[] = [];
  const ended: string[] = [];
  const steps = {
    step: async <T>(name: string, work: () => Promise<T>): Promise<T> => {
      if (name === 'slice-1') throw stepError;
      return work();
    },
    wait: async () => undefined,
  };
  const result = await runPurge('pu1', steps, {
    slice: async () => Promise.reject(secretError),
    startNext: async () => undefined,
    abandon: async (purge, error) => {
      abandoned.push(`${purge} ${error}`);
      return 'failed';
    },
    ended: (purge, status) => void ended.push(`${purge} ${status}`),
  });
  expect(result).toEqual({ purge: 'pu1', status: 'failed' });
  expect(abandoned).toEqual(['pu1 The worker failed: SecretError']);
  expect(ended).toEqual(['pu1 failed']);
});

test('a worker that dies between the record’s end and its checkpoint tells of the end all the same', async () => {
  const world = createWorldOf(createPurgedStudio().upstream);
  const id = await world.start({ olderThan: 'P7D' });
  const ended: string[] = [];
  const steps = {
    step: async <T>(name: string, work: () => Promise<T>): Promise<T> => {
      if (name === 'slice-1') await work();
      return work();
    },
    wait: async () => undefined,
  };
  await runPurge(id, steps, {
    slice: world.slice,
    startNext: async () => undefined,
    abandon: async () => 'failed',
    ended: (purge, status) => void ended.push(`${purge} ${status}`),
  });
  expect(ended).toEqual([`${id} succeeded`]);
});
