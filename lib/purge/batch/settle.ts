import { RECENT_BATCHES } from '../engine/limits.ts';
import type { FailureStore } from '../engine/ports.ts';
import type { Change, Slice } from '../engine/slice-state.ts';
import { addToDigest } from '../record/digest.ts';
import { addCounts, MAX_FAILURES_NAMED, type PurgeRecord } from '../record/record.ts';
import type { Acted } from './act.ts';
import { type Batch, failedItemOf, type ListedItems, type OwnedBatch, roundOf } from './batch.ts';

/** What became of a batch's executions. An execution for which there was no time is not in `acted`. */
export type Results = { batch: OwnedBatch; listed: ListedItems; acted: ReadonlyMap<string, Acted> };

/** What else the record says with the outcome of the batch. */
export type OnSettled = (batch: Batch) => Change;

/**
 * Adds the outcome of a batch to the record, in one conditional write with the batch's number, so that it is
 * never added twice. An outcome that a repetition would not find again is saved in the batch first. If an
 * outcome is unknown, the batch and all after it stay open, and the next slice recovers them.
 */
export async function settle(slice: Slice, results: Results, onSettled: OnSettled) {
  const { ports } = slice;
  const { id, progress } = slice.state.record;
  const batch = afterActing(results, roundOf(results.batch, progress));
  const open = batch.active.length + batch.inactive.length;
  if (open > 0) slice.apply({ leftOpen: true });
  const todo = results.batch.active.length + results.batch.inactive.length;
  // Everything is open, as in the saved batch.
  if (open > 0 && open === results.acted.size) return;
  const isRepeatable = results.acted.size === todo && wentAsListed(results);
  if (slice.state.leftOpen || !isRepeatable) await ports.store.saveBatch(id, batch);
  if (slice.state.leftOpen) return;

  const failures = await keepFailures(ports.failures, slice.state.record, batch);
  slice.apply({ record: { ...settledRecord(slice.state.record, batch), failures } });
  slice.apply(onSettled(batch));
  await slice.save();
  // The last ones are kept: a list that lags behind may show their executions to the next slice.
  if (batch.seq > RECENT_BATCHES) await ports.store.dropBatch(id, batch.seq - RECENT_BATCHES);
}

/** Whether a repetition after a crash counts the same. It takes every listed active one for ended by it. */
function wentAsListed({ batch, acted }: Results): boolean {
  const isActive = new Set(batch.active);
  return [...acted].every(([sid, result]) => result.outcome === 'done' && result.ended === isActive.has(sid));
}

function afterActing({ batch, listed, acted }: Results, round: number): OwnedBatch {
  const before = new Map(batch.retried?.map((item) => [item.sid, item]));
  const outcome = structuredClone(batch.outcome);
  for (const sid of [...batch.active, ...batch.inactive]) {
    const result = acted.get(sid);
    const earlier = before.get(sid);
    // A failure that was not retried stays as it was.
    if (!result && earlier) outcome.failed.push({ ...earlier, archived: batch.archived });
    if (!result || result.outcome === 'cut') continue;
    if (result.ended) outcome.ended += 1;
    if (result.outcome === 'done') outcome.done.push(sid);
    if (result.outcome === 'already-gone') outcome.gone.push(sid);
    if (result.outcome === 'failed')
      outcome.failed.push(failedItemOf(batch, sid, listed, { ...result, round }));
  }
  const isOpen = (sid: string) => acted.get(sid)?.outcome === 'cut';
  return { ...batch, active: batch.active.filter(isOpen), inactive: batch.inactive.filter(isOpen), outcome };
}

/**
 * Stores what has failed in the batch, and drops what was retried and has not failed again. Returns the first
 * failures, which the record names.
 */
export async function keepFailures(
  failures: FailureStore,
  record: PurgeRecord,
  { flow, retried, outcome }: Batch,
): Promise<PurgeRecord['failures']> {
  if (!retried && outcome.failed.length === 0) return record.failures;
  const settled = new Set([...outcome.done, ...outcome.gone]);
  await failures.put(record.id, flow, outcome.failed);
  await failures.drop(record.id, flow, retried?.filter(({ sid }) => settled.has(sid)) ?? []);
  const first = await failures.page(record.id, null, MAX_FAILURES_NAMED);
  return first.failures.map(({ sid, reason }) => ({ sid, reason }));
}

/** Returns the record with the outcome of a batch. Retried executions that are open still count as failed. */
export function settledRecord(record: PurgeRecord, batch: Batch): PurgeRecord {
  const { outcome, retried, wereGone, seq } = batch;
  const { counts, digest, progress } = record;
  const settled = outcome.done.length + outcome.gone.length + outcome.failed.length;
  const found = retried || wereGone ? 0 : settled;
  return {
    ...record,
    counts: addCounts(counts, {
      listed: found,
      matched: found,
      archived: outcome.archived,
      ended: outcome.ended,
      deleted: record.request.action === 'delete' ? outcome.done.length : 0,
      alreadyGone: outcome.gone.length - (wereGone ? settled : 0),
      // A superseded worker may have stored failures that are not counted.
      failed: Math.max(-counts.failed, outcome.failed.length - (retried ? settled : 0)),
    }),
    digest: addToDigest(digest, outcome.done),
    progress: { ...progress, settledBatch: seq, found: progress.found + found },
  };
}
