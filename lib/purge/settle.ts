import type { OnSettled, Results } from './batches.ts';
import { addToDigest } from './digest.ts';
import type { Batch, FailedItem } from './ports.ts';
import { addCounts, type Counts, MAX_FAILURES_NAMED } from './record.ts';
import type { Session } from './session.ts';

/**
 * Brings a batch's results into the record, in one conditional write that also says which batch it was: no
 * batch is ever counted twice, whenever the worker dies. What failed is written into the batch before that;
 * a batch in which nothing failed is dropped after it.
 */
export async function settle(
  session: Session,
  batch: Batch,
  results: Results,
  onSettled: OnSettled = () => ({}),
): Promise<void> {
  const { store } = session.ports;
  const { id, counts, failures, digest, progress } = session.record;
  const outcome = sumUp(batch, results);

  if (outcome.failed.length > 0)
    await store.saveBatch(id, { ...batch, active: [], inactive: [], failed: outcome.failed });

  const taken = new Set(batch.retryOf?.failed.map(({ sid }) => sid));
  const named = outcome.failed.map(({ sid, reason }) => ({ sid, reason }));
  session.change({
    counts: addCounts(counts, countsOf(session, batch, outcome)),
    failures: [...failures.filter(({ sid }) => !taken.has(sid)), ...named].slice(0, MAX_FAILURES_NAMED),
    digest: addToDigest(digest, outcome.done),
  });
  session.progress({
    settledBatch: batch.seq,
    foundInSweep: progress.foundInSweep + outcome.touched,
    ...onSettled(results.isCut),
  });
  await session.save();

  for (const sid of taken) session.failed.delete(sid);
  for (const { sid } of outcome.failed) session.failed.add(sid);
  if (batch.retryOf) await store.dropBatch(id, batch.retryOf.seq);
  if (outcome.failed.length === 0) await store.dropBatch(id, batch.seq);
}

type Outcome = {
  done: string[];
  failed: FailedItem[];
  ended: number;
  alreadyGone: number;
  /** All that was done anything about, the failures among them. */
  touched: number;
};

function sumUp(batch: Batch, { acted }: Results): Outcome {
  const sids = [...batch.active, ...batch.inactive];
  const isActive = new Set(batch.active);
  const before = new Map(batch.retryOf?.failed.map((item) => [item.sid, item]));
  const outcome: Outcome = {
    done: [],
    failed: [...batch.failed],
    ended: 0,
    alreadyGone: batch.gone,
    touched: batch.gone + batch.failed.length + acted.size,
  };
  for (const sid of sids) {
    const result = acted.get(sid);
    const earlier = before.get(sid);
    if (result?.ended) outcome.ended += 1;
    if (result?.outcome === 'done') outcome.done.push(sid);
    if (result?.outcome === 'already-gone') outcome.alreadyGone += 1;
    // Ended already, it is not to be ended, nor to be counted as ended, once more.
    if (result?.outcome === 'failed')
      outcome.failed.push({
        sid,
        active: isActive.has(sid) && !result.ended,
        archived: batch.archived,
        reason: result.reason,
        transient: result.transient,
      });
    // A retry that was cut short leaves the failure as it was.
    if (!result && earlier) outcome.failed.push({ ...earlier, archived: batch.archived });
  }
  return outcome;
}

function countsOf(session: Session, batch: Batch, outcome: Outcome): Counts {
  const { request } = session.record;
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
    failed: outcome.failed.length - (batch.retryOf?.failed.length ?? 0),
  };
}
