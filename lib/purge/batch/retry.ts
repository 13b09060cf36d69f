import { MAX_RETRY_ROUNDS, MIN_RETRY_ROUNDS, RETRY_BATCH_SIZE } from '../engine/limits.ts';
import type { KnownFailure } from '../engine/ports.ts';
import type { Session } from '../engine/session.ts';
import type { Batches } from './batches.ts';

/**
 * A round over what failed for a passing reason, after everything else is done: page by page of the failures,
 * of which there may be any number. Returns whether another round may help.
 */
export async function retryRound(session: Session, batches: Batches): Promise<boolean> {
  const { record, ports } = session;
  const failedBefore = record.counts.failed;
  const isDue = ({ transient, round }: KnownFailure) => transient && round <= record.progress.retryRound;
  const helped = () => session.record.progress.retryHelped || session.record.counts.failed < failedBefore;
  let anyRetryable = record.progress.retriedTo !== null;
  let mark: string | null = record.progress.retriedTo;

  do {
    const { failures, next } = await ports.failures.page(record.id, mark);
    anyRetryable ||= failures.some(({ transient }) => transient);
    for (const group of groupsOf(failures.filter(isDue))) {
      if (!session.mayGoOn || !(await batches.mayActOn(group.flow))) break;
      await batches.submit(group);
    }
    await batches.drained();
    if (!session.mayGoOn) {
      // The next slice goes on with this round.
      session.progress({ retryHelped: helped() });
      return true;
    }
    mark = next;
    session.progress({ retriedTo: mark });
  } while (mark !== null);

  const round = session.record.progress.retryRound + 1;
  const isWorthIt = round < MIN_RETRY_ROUNDS || (round < MAX_RETRY_ROUNDS && helped());
  const mayHelp = anyRetryable && isWorthIt && session.record.counts.failed > 0;
  session.progress({ retryRound: round, retryHelped: false });
  session.gotOn = true;
  return mayHelp;
}

/** By flow; and those that are in the archive already and those that are not cannot share a batch. */
function groupsOf(failures: readonly KnownFailure[]) {
  const kinds = Map.groupBy(failures, ({ flow, archived }) => `${flow} ${archived}`);
  return [...kinds.values()].flatMap((all) =>
    Array.from({ length: Math.ceil(all.length / RETRY_BATCH_SIZE) }, (_, index) => {
      const group = all.slice(index * RETRY_BATCH_SIZE, (index + 1) * RETRY_BATCH_SIZE);
      return {
        flow: group[0]?.flow ?? 0,
        items: group.map(({ sid, active }) => ({ sid, active })),
        retryOf: { failed: group.map(({ flow, ...item }) => item) },
        archived: group[0]?.archived ?? false,
      };
    }),
  );
}
