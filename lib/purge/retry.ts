import type { Batches } from './batches.ts';
import { MAX_RETRY_ROUNDS, MIN_RETRY_ROUNDS, RETRY_BATCH_SIZE } from './limits.ts';
import type { Batch, FailedItem } from './ports.ts';
import type { Session } from './session.ts';

/**
 * One round over what failed for a passing reason, after everything else is done. Returns whether another
 * round may help.
 */
export async function retryRound(session: Session, batches: Batches): Promise<boolean> {
  const { record, ports } = session;
  // A batch of this round takes a number above all that were there when it began.
  const upTo = record.progress.retriedUpTo || record.progress.settledBatch;
  session.progress({ retriedUpTo: upTo });
  const failedBefore = record.counts.failed;
  const helped = () => session.record.progress.retryHelped || session.record.counts.failed < failedBefore;

  for await (const group of groups(ports.store.batches(record.id), upTo)) {
    if (!session.mayGoOn || !(await batches.mayActOn(group.flow))) break;
    await batches.submit(retryOf(group));
  }
  await batches.drained();
  if (!session.mayGoOn) {
    // The next slice goes on with this round.
    session.progress({ retryHelped: helped() });
    return true;
  }
  const round = session.record.progress.retryRound + 1;
  const isWorthIt = round < MIN_RETRY_ROUNDS || (round < MAX_RETRY_ROUNDS && helped());
  const mayHelp = isWorthIt && session.record.counts.failed > 0;
  session.progress({ retryRound: round, retriedUpTo: 0, retryHelped: false });
  session.gotOn = true;
  return mayHelp;
}

export function isRetryable({ failed }: Batch): boolean {
  return failed.some(({ transient }) => transient);
}

type Group = { flow: number; seqs: number[]; failed: FailedItem[] };

/** One failure here and there would be tried again one by one: they are put together, flow by flow. */
async function* groups(all: AsyncIterable<Batch>, upTo: number): AsyncGenerator<Group, void, void> {
  let group: Group | undefined;
  for await (const batch of all) {
    if (batch.seq > upTo || !isRetryable(batch)) continue;
    if (
      group &&
      (group.flow !== batch.flow || group.failed.length + batch.failed.length > RETRY_BATCH_SIZE)
    ) {
      yield group;
      group = undefined;
    }
    group ??= { flow: batch.flow, seqs: [], failed: [] };
    group.seqs.push(batch.seq);
    group.failed.push(...batch.failed);
  }
  if (group) yield group;
}

/** Those that are in the archive already and those that are not cannot share a batch; the others wait. */
function retryOf({ flow, seqs, failed }: Group) {
  const archived = failed.find(({ transient }) => transient)?.archived ?? false;
  const items = failed.filter((item) => item.transient && item.archived === archived);
  return {
    flow,
    items: items.map(({ sid, active }) => ({ sid, active })),
    retryOf: { seqs, failed },
    archived,
  };
}
