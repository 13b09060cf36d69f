import { describe, expect, test } from 'vitest';
import { createWorld } from '../../support/purge/studio/in-process.ts';
import { NOON, SURVEY, WELCOME } from '../../support/purge/world.ts';

const DAY_MS = 86_400_000;
const day = (days: number) => new Date(NOON - days * DAY_MS).toISOString();

describe('a purge', () => {
  test('deletes what is older and leaves what is younger, of the flows that were named', async () => {
    const { studio, purge } = createWorld();
    studio.store.seed({ flowSid: WELCOME, count: 2_500, dateCreatedFrom: day(20), dateCreatedTo: day(8) });
    studio.store.seed({ flowSid: WELCOME, count: 500, dateCreatedFrom: day(6), dateCreatedTo: day(1) });
    studio.store.seed({ flowSid: SURVEY, count: 100, dateCreatedFrom: day(20), dateCreatedTo: day(8) });

    const record = await purge({ olderThan: 'P7D' });

    expect(record).toMatchObject({
      status: 'succeeded',
      counts: { listed: 2_500, matched: 2_500, deleted: 2_500, ended: 0, alreadyGone: 0, failed: 0 },
      digest: { count: 2_500 },
      failures: [],
      error: null,
    });
    expect(studio.store.count({ flowSid: WELCOME })).toEqual({ active: 0, ended: 500, deleted: 2_500 });
    expect(studio.store.count({ flowSid: SURVEY })).toEqual({ active: 0, ended: 100, deleted: 0 });
  });

  test('ends an active execution before it deletes it', async () => {
    const { studio, purge } = createWorld({ deleteActive: 'conflict' });
    studio.store.seed({
      flowSid: WELCOME,
      count: 300,
      activeShare: 0.5,
      dateCreatedFrom: day(9),
      dateCreatedTo: day(8),
    });

    const record = await purge({ olderThan: 'P7D', status: 'any' });

    expect(record.counts).toMatchObject({ matched: 300, deleted: 300, ended: 150, failed: 0 });
    expect(studio.store.deletedWhileActive).toBe(0);
    expect(studio.store.count()).toEqual({ active: 0, ended: 0, deleted: 300 });
  });

  test('counts and changes nothing in a dry run', async () => {
    const { studio, purge } = createWorld();
    studio.store.seed({
      flowSid: WELCOME,
      count: 2_345,
      activeShare: 0.1,
      dateCreatedFrom: day(9),
      dateCreatedTo: day(8),
    });

    const record = await purge({ olderThan: 'P7D', status: 'any', dryRun: true });

    expect(record).toMatchObject({
      status: 'succeeded',
      counts: { listed: 2_345, matched: 2_345, deleted: 0, ended: 0 },
      activeMatched: 234,
    });
    expect(studio.requests.every(({ method }) => method === 'GET')).toBe(true);
  });

  test('acts on no more than the limit', async () => {
    const { studio, purge } = createWorld();
    studio.store.seed({ flowSid: WELCOME, count: 2_000, dateCreatedFrom: day(9), dateCreatedTo: day(8) });
    const record = await purge({ olderThan: 'P7D', limit: 1_234 });
    expect(record).toMatchObject({ status: 'succeeded', counts: { matched: 1_234, deleted: 1_234 } });
    expect(studio.store.count().deleted).toBe(1_234);
  });
});
