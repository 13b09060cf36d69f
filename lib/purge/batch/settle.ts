import { RECENT_BATCHES } from '../engine/limits.ts';
import type { Batch, BatchOutcome, FailedItem, HeldBatch } from '../engine/ports.ts';
import type { Session } from '../engine/session.ts';
import { addToDigest } from '../record/digest.ts';
import { secondOf } from '../record/failure-mark.ts';
import {
  addCounts,
  type Counts,
  MAX_FAILURES_NAMED,
  type Progress,
  type PurgeRecord,
  type PurgeRequest,
} from '../record/record.ts';
import { withSample } from '../sweep/repeats.ts';
import type { Results } from './batches.ts';

/** What else the record shall say with a batch's outcome, given whether the batch was cut short. */
export type OnSettled = (wasCut: boolean) => Partial<Progress>;

/**
 * Closes a batch. Its failures and its outcome are saved in it first, so that after a worker's death between
 * this write and the record's, the next worker finds both. A batch in which nothing failed and nothing was
 * gone needs no such write: a repetition gives the same result.
 *
 * A batch with an unclear result stays open, and so does every later one: they are saved with what is known
 * of them, and the next slice repeats the rest.
 */
export async function settle(
  session: Session,
  batch: HeldBatch,
  results: Results,
  onSettled: OnSettled = () => ({}),
): Promise<void> {
  if (results.acted.size === 0 && results.open.size > 0) {
    // Nothing more is known of it than what is written down.
    session.leftOpen = true;
    return;
  }
  const { failed, outcome, gone } = sumUp(batch, results, roundOf(session, batch));
  const isOpen = (sid: string) => results.open.has(sid);
  const settled: HeldBatch = {
    ...batch,
    active: batch.active.filter(isOpen),
    inactive: batch.inactive.filter(isOpen),
    gone,
    failed,
    outcome,
  };
  session.leftOpen ||= results.open.size > 0;
  // What was not begun with must not look as if it had been done.
  if (session.leftOpen || results.isCut || failed.length > 0 || gone.length > batch.gone.length)
    await session.ports.store.saveBatch(session.record.id, settled);
  if (!session.leftOpen) await record(session, settled, outcome, () => onSettled(results.isCut));
}

/**
 * Brings a batch's outcome into the record, in one conditional write that also says which batch it was: no
 * batch is ever counted twice, whenever the worker dies.
 */
async function record(
  session: Session,
  batch: HeldBatch,
  outcome: BatchOutcome,
  onSettled: () => Partial<Progress>,
): Promise<void> {
  session.change(withBatch(session.record, batch, outcome));
  session.progress(onSettled());
  await session.save();
  await putAway(session, batch);
}

/** The record with what a batch came to, which is counted thereby. */
export function withBatch(before: PurgeRecord, batch: Batch, outcome: BatchOutcome): PurgeRecord {
  const { request, counts, failures, digest, progress } = before;
  const taken = new Set(batch.retryOf?.failed.map(({ sid }) => sid));
  const named = batch.failed.map(({ sid, reason }) => ({ sid, reason }));
  return {
    ...before,
    counts: addCounts(counts, countsOf(request, batch, outcome)),
    failures: [...failures.filter(({ sid }) => !taken.has(sid)), ...named].slice(0, MAX_FAILURES_NAMED),
    digest: addToDigest(digest, outcome.done),
    progress: {
      ...progress,
      ...withSample(before, outcome.done),
      settledBatch: batch.seq,
      foundInSweep: progress.foundInSweep + outcome.touched,
      doneInSweep: progress.doneInSweep + outcome.done.length,
    },
  };
}

/** What a batch has come to so far. */
export function outcomeOf({ outcome, gone, failed }: Batch): BatchOutcome {
  return outcome
    ? { ...outcome, done: [...outcome.done] }
    : { done: [], ended: 0, alreadyGone: gone.length, touched: gone.length + failed.length };
}

/**
 * After its outcome is in the record: what failed is put with the other failures. The batch itself is kept a while,
 * with nothing to do, since a list that lags behind may show its executions to the next slice.
 */
export async function putAway({ ports, record: { id } }: Session, batch: HeldBatch): Promise<void> {
  const failed = new Set(batch.failed.map(({ sid }) => sid));
  const noMore = batch.retryOf?.failed.filter(({ sid }) => !failed.has(sid)) ?? [];
  if (noMore.length > 0) await ports.failures.drop(id, batch.flow, noMore);
  if (batch.failed.length > 0) await ports.failures.put(id, batch.flow, batch.failed);
  if (!isPutAway(batch)) await ports.store.saveBatch(id, { ...batch, failed: [], retryOf: null });
  if (batch.seq > RECENT_BATCHES) await ports.store.dropBatch(id, batch.seq - RECENT_BATCHES);
}

/** Nothing has to be done any more for a batch that was settled. */
export function isPutAway({ failed, retryOf }: Batch): boolean {
  return failed.length === 0 && retryOf === null;
}

/** The round over failures that this batch belongs to; 0 if to none. */
export function roundOf({ record }: Session, batch: Batch): number {
  return batch.retryOf ? record.progress.retryRound + 1 : 0;
}

function sumUp(
  batch: Batch,
  { acted, open, listed }: Results,
  round: number,
): { failed: FailedItem[]; outcome: BatchOutcome; gone: string[] } {
  const isActive = new Set(batch.active);
  const before = new Map(batch.retryOf?.failed.map((item) => [item.sid, item]));
  const failed = [...batch.failed];
  const outcome = outcomeOf(batch);
  const gone = [...batch.gone];
  for (const sid of [...batch.active, ...batch.inactive]) {
    if (open.has(sid)) continue;
    const result = acted.get(sid);
    const earlier = before.get(sid);
    if (!result) {
      // A retry that was cut short leaves the failure as it was.
      if (earlier) failed.push({ ...earlier, archived: batch.archived });
      continue;
    }
    outcome.touched += 1;
    if (result.ended) outcome.ended += 1;
    if (result.outcome === 'done') outcome.done.push(sid);
    if (result.outcome === 'already-gone') {
      outcome.alreadyGone += 1;
      gone.push(sid);
    }
    if (result.outcome === 'failed')
      failed.push({
        sid,
        created: earlier?.created ?? secondOf(listed.get(sid)?.created),
        // Ended already, it is not to be ended, nor to be counted as ended, once more.
        active: isActive.has(sid) && !result.ended,
        archived: batch.archived,
        reason: result.reason,
        transient: result.transient,
        unclear: result.unclear,
        round,
      });
  }
  return { failed, outcome, gone };
}

function countsOf(request: PurgeRequest, batch: Batch, outcome: BatchOutcome): Counts {
  const isRetry = batch.retryOf !== null;
  const isDelete = request.action === 'delete';
  return {
    // What was listed and does not match is counted where it is listed; the rest here, once it is dealt with.
    listed: isRetry ? 0 : outcome.touched,
    matched: isRetry ? 0 : outcome.touched,
    archived: batch.newlyArchived,
    ended: outcome.ended,
    deleted: isDelete ? outcome.done.length : 0,
    alreadyGone: outcome.alreadyGone,
    failed: batch.failed.length - (batch.retryOf?.failed.length ?? 0),
  };
}
