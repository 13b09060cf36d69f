import { describe, expect, test } from 'vitest';
import type { BehaviourChange } from '../../../../infra/simulator/faults/behaviour.ts';
import type { PurgeRequest } from '../../../../lib/purge/record/record.ts';
import { createWorld } from '../../../support/purge/studio/in-process.ts';
import { NOON, SURVEY, WELCOME } from '../../../support/purge/world.ts';

const DAY_MS = 86_400_000;
const day = (days: number) => new Date(NOON - days * DAY_MS).toISOString();

const quirks: Record<string, BehaviourChange> = {
  'keyset tokens': { pageToken: 'keyset' },
  'offset tokens': { pageToken: 'offset' },
  'tokens that expire at once': { pageTokenLifetimeMs: 0 },
  'an ignored status filter': { ignoreStatusFilter: true, pageToken: 'offset' },
  'relative page URLs': { paging: 'relative-url' },
  'an empty last page': { paging: 'empty-last-page' },
  'executions that keep arriving': { arrivalsPerList: 7, pageToken: 'offset' },
  'every tenth connection cut before the work': { faults: [{ kind: 'cut', every: 10 }] },
  'every tenth connection cut after the work': { faults: [{ kind: 'cut', every: 10, work: 'done' }] },
  'errors after the work': { faults: [{ kind: 'error', probability: 0.05, work: 'done' }] },
  'pages of HTML': { faults: [{ kind: 'html', probability: 0.02, status: 200 }] },
};

describe('a purge is right with', () => {
  test.each(Object.entries(quirks))('%s', async (_name, behaviour) => {
    const { studio, purge } = createWorld(behaviour);
    const seed = { flowSid: WELCOME, activeShare: 0.3 };
    studio.store.seed({ ...seed, count: 2_000, dateCreatedFrom: day(9), dateCreatedTo: day(8) });
    // All in one second.
    studio.store.seed({ ...seed, count: 2_500, dateCreatedFrom: day(10), dateCreatedTo: day(10) });
    studio.store.seed({ ...seed, count: 300, dateCreatedFrom: day(5), dateCreatedTo: day(4) });

    const record = await purge({ olderThan: 'P7D' });

    expect(record).toMatchObject({ status: 'succeeded', failures: [] });
    const { deleted } = studio.store.count();
    expect(deleted).toBe(3_150);
    expect(record.counts).toMatchObject({ matched: 3_150, deleted, ended: 0, alreadyGone: 0, failed: 0 });
    const old = { flowSid: WELCOME, dateCreatedTo: day(7) };
    expect(studio.store.count(old)).toEqual({ active: 1_350, ended: 0, deleted: 3_150 });
    expect(studio.store.deletedWhileActive).toBe(0);
  });
});

describe('what can never be deleted', () => {
  test.each([400, 409, 500, 503])('is named with its reason when it answers %i for ever', async (status) => {
    const { studio, purge } = createWorld({
      pageToken: 'offset',
      stubborn: [{ share: 0.03, operations: ['DeleteExecution'], status }],
    });
    studio.store.seed({ flowSid: WELCOME, count: 2_000, dateCreatedFrom: day(9), dateCreatedTo: day(8) });

    const record = await purge({ olderThan: 'P7D' });

    const left = [...studio.store.list()];
    expect(left.length).toBeGreaterThan(20);
    expect(record.status).toBe('failed');
    expect(record.error).toBe(`${left.length} of 2000 executions failed`);
    expect(record.counts).toMatchObject({
      listed: 2_000,
      matched: 2_000,
      deleted: 2_000 - left.length,
      failed: left.length,
    });
    expect(record.failures.map(({ sid }) => sid).sort()).toEqual(left.map(({ sid }) => sid).sort());
    expect(record.failures[0]?.reason).toMatch(/^delete: \w+ \(\d+\)$/);
  });
});

describe('an end that Studio refuses with 409 while another update is under way', () => {
  const refusals = (more: object = {}): BehaviourChange => ({
    faults: [{ kind: 'error', status: 409, operations: ['UpdateExecution'], ...more }],
  });
  const COUNT = 40;

  async function purged(behaviour: BehaviourChange, action: 'delete' | 'end') {
    const { studio, purge } = createWorld(behaviour);
    const between = { dateCreatedFrom: day(9), dateCreatedTo: day(8) };
    studio.store.seed({ flowSid: WELCOME, count: COUNT, activeShare: 1, ...between });
    const record = await purge({ olderThan: 'P7D', status: 'active', action });
    return { record, left: studio.store.count(), deletedWhileActive: studio.store.deletedWhileActive };
  }

  test.each(['delete', 'end'] as const)(
    'ends in named failures of %s, and nothing is done',
    async (action) => {
      const { record, left, deletedWhileActive } = await purged(refusals(), action);
      expect(record.status).toBe('failed');
      expect(record.counts).toMatchObject({
        matched: COUNT,
        ended: 0,
        deleted: 0,
        alreadyGone: 0,
        failed: COUNT,
      });
      expect(new Set(record.failures.map(({ reason }) => reason))).toEqual(
        new Set(['end: conflict (20409)']),
      );
      expect(left).toEqual({ active: COUNT, ended: 0, deleted: 0 });
      expect(deletedWhileActive).toBe(0);
    },
  );

  test.each(['delete', 'end'] as const)('is made good by %s once it is through', async (action) => {
    // More than all tries of half of the executions.
    const { record, deletedWhileActive } = await purged(refusals({ times: (5 * COUNT) / 2 }), action);
    expect(record).toMatchObject({ status: 'succeeded', failures: [] });
    expect(record.counts).toMatchObject({
      ended: COUNT,
      deleted: action === 'delete' ? COUNT : 0,
      alreadyGone: 0,
      failed: 0,
    });
    expect(deletedWhileActive).toBe(0);
  });

  test('is no failure where the other update was an end', async () => {
    const { record } = await purged(refusals({ work: 'done' }), 'end');
    expect(record).toMatchObject({ status: 'succeeded', failures: [] });
    expect(record.counts).toMatchObject({ ended: 0, alreadyGone: COUNT, failed: 0 });
  });
});

describe('a Studio that answers 404 to what is there', () => {
  const COUNT = 600;
  const SHARE = 0.05;

  async function purged(stubborn: BehaviourChange['stubborn'], request: Partial<PurgeRequest> = {}) {
    const { studio, purge } = createWorld({ stubborn: stubborn ?? [] });
    const between = { dateCreatedFrom: day(9), dateCreatedTo: day(8) };
    const activeShare = request.action === 'end' ? 1 : 0;
    studio.store.seed({ flowSid: WELCOME, count: COUNT, activeShare, ...between });
    const record = await purge({ olderThan: 'P7D', status: 'any', ...request });
    const left = [...studio.store.list()].filter(({ status }) => activeShare === 0 || status === 'active');
    return { record, left: left.map(({ sid }) => sid).sort() };
  }

  function expectNamed({ record, left }: Awaited<ReturnType<typeof purged>>, reason: string) {
    expect(left.length).toBeGreaterThan(10);
    expect(record.status).toBe('failed');
    expect(record.counts).toMatchObject({ matched: COUNT, alreadyGone: 0, failed: left.length });
    expect(record.failures.map(({ sid }) => sid).sort()).toEqual(left);
    expect(new Set(record.failures.map((one) => one.reason))).toEqual(new Set([reason]));
  }

  test.each([true, false])('when it shall be deleted, and shows it: named, archived %s', async (archive) => {
    const stubborn = [{ share: SHARE, operations: ['DeleteExecution' as const], status: 404 }];
    const one = await purged(stubborn, { archive });
    expectNamed(one, 'delete: still-there (20404)');
    expect(one.record.error).toBe(`${one.left.length} of ${COUNT} executions failed`);
  });

  test('when it shall be ended, and shows it: named', async () => {
    const stubborn = [{ share: SHARE, operations: ['UpdateExecution' as const], status: 404 }];
    expectNamed(await purged(stubborn, { action: 'end' }), 'end: still-there (20404)');
  });

  test.each([true, false])(
    'whatever is asked of it, and lists it on: named, archived %s',
    async (archive) => {
      const one = await purged(
        [
          {
            share: SHARE,
            operations: ['DeleteExecution', 'FetchExecution', 'FetchExecutionContext', 'ListExecutionStep'],
            status: 404,
          },
        ],
        { archive },
      );
      expectNamed(one, 'delete: not-found, but it is still listed');
      expect(one.record.counts.deleted).toBe(COUNT - one.left.length);
      expect(one.record.error).toContain('list: it goes on to show what Studio says is deleted');
    },
  );

  test('of however many that it lists on: none counts as gone, and all are kept as failures', async () => {
    const count = 250;
    const operations = ['DeleteExecution' as const, 'FetchExecution' as const];
    const { studio, purge, failures } = createWorld({
      stubborn: [{ share: 1, operations, status: 404 }],
    });
    studio.store.seed({ flowSid: WELCOME, count, dateCreatedFrom: day(9), dateCreatedTo: day(8) });
    const { id, counts, ...record } = await purge({ olderThan: 'P7D' });
    expect(counts).toMatchObject({ matched: count, alreadyGone: 0, failed: count });
    expect(record.failures).toHaveLength(100);
    expect((await failures.page(id, null)).failures).toHaveLength(count);
  });

  test('is made good where it was for a while', async () => {
    const { studio, purge } = createWorld({
      faults: [{ kind: 'error', status: 404, operations: ['DeleteExecution'], times: 30 }],
    });
    studio.store.seed({ flowSid: WELCOME, count: 50, dateCreatedFrom: day(9), dateCreatedTo: day(8) });
    const record = await purge({ olderThan: 'P7D' });
    expect(record).toMatchObject({ status: 'succeeded', failures: [] });
    expect(record.counts).toMatchObject({ deleted: 50, alreadyGone: 0, failed: 0 });
  });
});

test.each([true, false])(
  'a Studio that ignores the flow in the path: the others’ stay, archived %s',
  async (archive) => {
    const { studio, purge } = createWorld({ ignoreFlow: true });
    const between = { dateCreatedFrom: day(9), dateCreatedTo: day(8), activeShare: 0.2 };
    for (const flowSid of [WELCOME, SURVEY]) studio.store.seed({ flowSid, count: 1_200, ...between });
    const record = await purge({ flows: ['welcome'], olderThan: 'P7D', status: 'any', archive });
    expect(record).toMatchObject({ status: 'succeeded', failures: [] });
    expect(record.counts).toMatchObject({ listed: 1_200, deleted: 1_200, alreadyGone: 0, failed: 0 });
    expect(studio.store.count({ flowSid: SURVEY })).toMatchObject({ deleted: 0 });
  },
);
