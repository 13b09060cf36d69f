import {
  MAX_RETRY_ROUNDS,
  MIN_RETRY_ROUNDS,
  RETRY_BATCH_SIZE,
  RETRY_PAUSE_SECONDS,
} from '../engine/limits.ts';
import type { KnownFailure } from '../engine/ports.ts';
import type { Slice } from '../engine/slice-state.ts';
import type { NewBatch, Pipeline } from './pipeline.ts';

/**
 * Retries, after everything else, what has failed for a transient reason, page by page. Returns whether no
 * other round would help.
 */
export async function retryRound(slice: Slice, pipeline: Pipeline): Promise<boolean> {
  const { id, progress } = slice.state.record;
  const { retryRound, retriedTo, stillFailed } = progress;
  const isDue = ({ transient, round }: KnownFailure) => transient && round <= retryRound;
  let anyRetryable = retriedTo !== null;
  let sortKey = retriedTo;

  do {
    const { failures, next } = await slice.ports.failures.page(id, sortKey);
    anyRetryable ||= failures.some(({ transient }) => transient);
    for (const batch of batchesOf(failures.filter(isDue))) {
      if (!slice.mayStartBatch || !(await pipeline.mayActOn(batch.flow))) break;
      await pipeline.submit(batch);
    }
    await pipeline.drained();
    if (!slice.mayStartBatch) return false;
    sortKey = next;
    slice.apply({ progress: { retriedTo: sortKey } });
  } while (sortKey !== null);

  const round = retryRound + 1;
  const { failed } = slice.state.record.counts;
  const isWorthIt = round < MIN_RETRY_ROUNDS || (round < MAX_RETRY_ROUNDS && failed < stillFailed);
  slice.apply({ madeProgress: true, progress: { retryRound: round, stillFailed: failed } });
  const isOver = !anyRetryable || !isWorthIt || failed === 0;
  if (!isOver) slice.apply({ pauseSeconds: RETRY_PAUSE_SECONDS });
  return isOver;
}

/** By flow, and by whether they are in the archive. */
function batchesOf(failures: readonly KnownFailure[]): NewBatch[] {
  const kinds = Map.groupBy(failures, ({ flow, archived }) => `${flow} ${archived}`);
  return [...kinds.values()].flatMap((all) =>
    Array.from({ length: Math.ceil(all.length / RETRY_BATCH_SIZE) }, (_, index) => {
      const group = all.slice(index * RETRY_BATCH_SIZE, (index + 1) * RETRY_BATCH_SIZE);
      return {
        flow: group[0]?.flow ?? 0,
        items: group.map(({ sid, active }) => ({ sid, active })),
        retried: group.map(({ flow, ...item }) => item),
        archived: group[0]?.archived ?? false,
      };
    }),
  );
}
