import type { OnSettled, Results } from './batches.ts';
import { addToDigest } from './digest.ts';
import type { Batch, BatchOutcome, FailedItem } from './ports.ts';
import { addCounts, type Counts, MAX_FAILURES_NAMED } from './record.ts';
import type { Session } from './session.ts';

/**
 * Closes a batch: what failed is written into it first, with what the rest came to, so that a worker that
 * dies between this write and the record's finds both. A batch in which nothing failed needs no such write:
 * done once more, it comes to the same.
 */
export async function settle(
  session: Session,
  batch: Batch,
  results: Results,
  onSettled: OnSettled = () => ({}),
): Promise<void> {
  const { failed, outcome } = sumUp(batch, results);
  const settled: Batch = { ...batch, failed, outcome };
  if (failed.length > 0) await session.ports.store.saveBatch(session.record.id, settled);
  await record(session, settled, outcome, () => onSettled(results.isCut));
}

/**
 * Brings a batch's outcome into the record, in one conditional write that also says which batch it was: no
 * batch is ever counted twice, whenever the worker dies. After it, a batch in which nothing failed is dropped.
 */
export async function record(
  session: Session,
  batch: Batch,
  outcome: BatchOutcome,
  onSettled: () => ReturnType<OnSettled> = () => ({}),
): Promise<void> {
  const { store } = session.ports;
  const { id, counts, failures, digest, progress } = session.record;
  const taken = new Set(batch.retryOf?.failed.map(({ sid }) => sid));
  const named = batch.failed.map(({ sid, reason }) => ({ sid, reason }));
  session.change({
    counts: addCounts(counts, countsOf(session, batch, outcome)),
    failures: [...failures.filter(({ sid }) => !taken.has(sid)), ...named].slice(0, MAX_FAILURES_NAMED),
    digest: addToDigest(digest, outcome.done),
  });
  session.progress({
    settledBatch: batch.seq,
    foundInSweep: progress.foundInSweep + outcome.touched,
    ...onSettled(),
  });
  await session.save();

  for (const sid of taken) session.failed.delete(sid);
  for (const { sid } of batch.failed) session.failed.add(sid);
  for (const seq of batch.retryOf?.seqs ?? []) await store.dropBatch(id, seq);
  if (batch.failed.length === 0) await store.dropBatch(id, batch.seq);
  else await store.saveBatch(id, { ...batch, active: [], inactive: [], outcome: null });
}

function sumUp(batch: Batch, { acted }: Results): { failed: FailedItem[]; outcome: BatchOutcome } {
  const isActive = new Set(batch.active);
  const before = new Map(batch.retryOf?.failed.map((item) => [item.sid, item]));
  const failed = [...batch.failed];
  const outcome: BatchOutcome = {
    done: [],
    ended: 0,
    alreadyGone: batch.gone,
    touched: batch.gone + batch.failed.length + acted.size,
  };
  for (const sid of [...batch.active, ...batch.inactive]) {
    const result = acted.get(sid);
    const earlier = before.get(sid);
    if (result?.ended) outcome.ended += 1;
    if (result?.outcome === 'done') outcome.done.push(sid);
    if (result?.outcome === 'already-gone') outcome.alreadyGone += 1;
    // Ended already, it is not to be ended, nor to be counted as ended, once more.
    if (result?.outcome === 'failed')
      failed.push({
        sid,
        active: isActive.has(sid) && !result.ended,
        archived: batch.archived,
        reason: result.reason,
        transient: result.transient,
      });
    // A retry that was cut short leaves the failure as it was.
    if (!result && earlier) failed.push({ ...earlier, archived: batch.archived });
  }
  return { failed, outcome };
}

function countsOf(session: Session, batch: Batch, outcome: BatchOutcome): Counts {
  const isRetry = batch.retryOf !== null;
  const isDelete = session.record.request.action === 'delete';
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
