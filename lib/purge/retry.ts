import type { Batches } from './batches.ts';
import { MAX_RETRY_ROUNDS } from './limits.ts';
import type { Batch } from './ports.ts';
import type { Session } from './session.ts';

/**
 * One round over what failed for a passing reason, batch by batch, after everything else is done. Returns
 * whether another round may help.
 */
export async function retryRound(session: Session, batches: Batches): Promise<boolean> {
  const { record, ports } = session;
  // A batch of this round takes a number above all that were there when it began.
  const upTo = record.progress.retriedUpTo || record.progress.settledBatch;
  session.progress({ retriedUpTo: upTo });
  const failedBefore = record.counts.failed;
  for await (const batch of ports.store.batches(record.id)) {
    if (batch.seq > upTo || !isRetryable(batch)) continue;
    if (!session.mayGoOn || !(await batches.mayActOn(batch.flow))) break;
    await batches.submit(retryOf(batch));
  }
  await batches.drained();
  if (!session.mayGoOn) return true;
  const helped = session.record.progress.retryHelped || session.record.counts.failed < failedBefore;
  const round = session.record.progress.retryRound + 1;
  session.progress({ retryRound: round, retriedUpTo: 0, retryHelped: false });
  session.gotOn = true;
  return round < MAX_RETRY_ROUNDS && helped && session.record.counts.failed > 0;
}

export function isRetryable({ failed }: Batch): boolean {
  return failed.some(({ transient }) => transient);
}

/** Those that are in the archive already and those that are not cannot share a batch; the others wait. */
function retryOf(batch: Batch) {
  const archived = batch.failed.find(({ transient }) => transient)?.archived ?? false;
  const items = batch.failed.filter((item) => item.transient && item.archived === archived);
  return {
    flow: batch.flow,
    items: items.map(({ sid, active }) => ({ sid, active })),
    retryOf: { seq: batch.seq, failed: batch.failed },
    archived,
  };
}
