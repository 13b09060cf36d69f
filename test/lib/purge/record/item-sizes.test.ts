import { describe, expect, test } from 'vitest';
import { MAX_CONTACTS } from '../../../../lib/http/schemas/purge.ts';
import { failingOf } from '../../../../lib/purge/batch/act.ts';
import type { Batch, FailedItem } from '../../../../lib/purge/batch/batch.ts';
import { MAX_BATCH_SIZE, MAX_RETRY_ROUNDS, RETRY_BATCH_SIZE } from '../../../../lib/purge/engine/limits.ts';
import { hashContacts } from '../../../../lib/purge/order/contact-key.ts';
import { purgeId } from '../../../../lib/purge/record/purge-id.ts';
import { MAX_FAILURES_NAMED, newRecord } from '../../../../lib/purge/record/record.ts';
import { StudioError } from '../../../../lib/studio/errors.ts';
import { batchOf } from '../../../support/purge/batch.ts';
import { createMemoryPurges } from '../../../support/purge/ports/store.ts';
import { requestOf } from '../../../support/purge/request.ts';
import { sidOf } from '../../../support/purge/studio/in-process.ts';
import { syntheticUpstream } from '../../../support/purge/studio/synthetic.ts';
import { contactKey, createClock, createWorldOf, NOON } from '../../../support/purge/world.ts';

describe('an item of the table, of the 400 KB it may have', () => {
  const LARGEST_BYTES = 400 * 1_024;
  const MAX_FLOWS = 1_000;
  const KEYS_BYTES = 200;

  /** The longest step and kind, and any number for a code. */
  const { reason } = failingOf(
    'archive',
    new StudioError('refused-credentials', '', { operation: '', code: -Number.MAX_VALUE }),
  );
  const failedAt = (index: number): FailedItem => ({
    sid: sidOf(index),
    created: '2026-11-20T12:00:00Z',
    active: false,
    archived: false,
    reason,
    transient: false,
    possibleEffect: 'deleted',
    round: MAX_RETRY_ROUNDS,
  });
  const failed = (count: number) => Array.from({ length: count }, (_, index) => failedAt(index));
  const bytesOf = (item: unknown) => Buffer.byteLength(JSON.stringify(item)) + KEYS_BYTES;

  test.each([
    ['in which everything failed', MAX_BATCH_SIZE, 0, 0],
    ['of a retry in which everything failed again', RETRY_BATCH_SIZE, RETRY_BATCH_SIZE, 0],
    ['that was done in part', MAX_BATCH_SIZE / 2, 0, MAX_BATCH_SIZE / 2],
  ])('a batch %s takes less', (_what, failing, retried, done) => {
    const batch: Batch = {
      seq: 99_999_999,
      flow: MAX_FLOWS,
      retried: retried > 0 ? failed(retried) : null,
      wereGone: false,
      archived: true,
      active: [],
      inactive: [],
      outcome: {
        archived: MAX_BATCH_SIZE,
        done: Array.from({ length: done }, (_, index) => sidOf(index)),
        ended: MAX_BATCH_SIZE,
        gone: Array.from({ length: MAX_BATCH_SIZE - failing - done }, (_, index) => sidOf(index)),
        failed: failed(failing),
      },
    };
    expect(bytesOf(batch)).toBeLessThan(0.75 * LARGEST_BYTES);
  });

  test('a record of as many flows as may be named, none of which could be listed, takes less', async () => {
    const flows = Array.from({ length: MAX_FLOWS }, (_, index) => ({
      alias: `a${String(index).padStart(39, '0')}`,
      sid: `FW${String(index).padStart(32, '0')}`,
    }));
    const rejected = new StudioError('rejected', '', { operation: '', status: 400, code: -Number.MAX_VALUE });
    const world = createWorldOf({
      ...syntheticUpstream(0, 1, createClock()).upstream,
      pages: () => {
        throw rejected;
      },
    });
    const request = requestOf({ flows: flows.map(({ alias }) => alias), dryRun: false });
    const started = newRecord({
      id: purgeId(NOON, 'largest'),
      request,
      requestedBy: 'bearer:tests',
      policy: null,
      dateStarted: new Date(NOON).toISOString(),
      window: { from: null, to: new Date(NOON).toISOString() },
      flows,
    });
    await world.memory.create(started);
    const record = await world.run(started.id);
    expect(record.progress.flowErrors).toHaveLength(MAX_FLOWS);
    expect(record.error).toMatch(/; nor could 995 more flows$/);
    const failures = failed(MAX_FAILURES_NAMED).map(({ sid }) => ({ sid, reason }));
    const contact = Array.from({ length: MAX_CONTACTS }, () => hashContacts(contactKey, '+15005550006'));
    const largest = { ...record, failures, request: { ...record.request, contact } };
    expect(bytesOf(largest)).toBeLessThan(0.85 * LARGEST_BYTES);
  });
});

test('the store of these tests refuses an item that the table would refuse', async () => {
  const store = createMemoryPurges();
  const sids = (count: number) => Array.from({ length: count }, (_, index) => sidOf(index));
  await store.openBatch('pu', batchOf(1, { inactive: sids(1_000) }));
  await expect(store.openBatch('pu', batchOf(2, { inactive: sids(12_000) }))).rejects.toThrow('too large');
});
