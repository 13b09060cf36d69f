import { type Counts, NO_COUNTS, type PurgeRecord, type PurgeStatus } from '../record/record.ts';
import { finalRecord } from './final-record.ts';
import {
  MAX_FLOW_ERRORS_TOLD,
  MAX_SLICES_REFUSED,
  MIN_SLICE_MS,
  PAUSES_SECONDS,
  WAITING_HEARTBEAT_MS,
} from './limits.ts';
import { OpenAlreadyError } from './ports.ts';
import { type AbortReason, abort, type Slice } from './slice-state.ts';

/** What a slice returns; where the purge stands is in its record. */
export type SliceResult = {
  status: PurgeStatus | 'superseded';
  pauseSeconds: number;
  /** Nothing was done, because another purge has the lock. The run chooses the pause. */
  awaitsLock?: boolean;
  /** What this slice added to the purge's counts. */
  added: Counts;
};

/**
 * What ends a slice: everything is done, its time is over or it has to wait, or the purge cannot continue.
 */
export type Ending = 'through' | 'later' | { error: string };

/** Saves the record of a slice that is over, or of the purge that ends with it. */
export async function conclude(slice: Slice, ending: Ending): Promise<SliceResult> {
  const pauseSeconds = await endSlice(slice, ending);
  const { record, awaitsLock } = slice.state;
  const isRunning = record.status === 'running';
  // A pause ends the process. The next one has time for another slice.
  const needsProcess = isRunning && slice.ports.remainingMs() < MIN_SLICE_MS;
  return {
    status: record.status,
    pauseSeconds: Math.max(pauseSeconds, needsProcess ? 1 : 0),
    ...(isRunning && awaitsLock && !slice.gotFurther ? { awaitsLock } : {}),
    added: slice.added,
  };
}

/** Returns the seconds until the next slice. */
async function endSlice(slice: Slice, ending: Ending): Promise<number> {
  const { stopRequested, leftOpen, awaitsLock, record, pauseSeconds } = slice.state;
  if (ending === 'through') return finish(slice, ...outcomeOf(record));
  if (ending !== 'later') return finish(slice, 'failed', ending.error);
  // What is open gets one more slice, even after a stop request.
  if (stopRequested && (!leftOpen || slice.isLast)) return finish(slice, 'stopped', null);
  if (!slice.gotFurther && !awaitsLock)
    slice.apply(
      abort(slice.state, { reason: 'nothing could be done in the time of a slice', refused: false }),
    );
  const { abortReason } = slice.state;
  if (abortReason) return abortSlice(slice, abortReason);
  const isDue = slice.ports.now() - Date.parse(record.dateUpdated) >= WAITING_HEARTBEAT_MS;
  if (awaitsLock && !slice.gotFurther && !isDue) return 0;
  slice.apply({ progress: { slicesWithoutProgress: 0 } });
  await slice.save();
  return pauseSeconds;
}

/** The next slices wait longer and longer. Then the purge ends. */
async function abortSlice(slice: Slice, { reason, refused }: AbortReason): Promise<number> {
  const { stopRequested, hasActed, madeProgress, record } = slice.state;
  // Refused one by one, a purge gets through its list and achieves nothing.
  const hasHelped = refused ? hasActed : madeProgress;
  const slicesWithoutProgress = hasHelped ? 0 : record.progress.slicesWithoutProgress + 1;
  if (stopRequested) return finish(slice, 'stopped', null);
  if (slicesWithoutProgress > (refused ? MAX_SLICES_REFUSED : PAUSES_SECONDS.length))
    return finish(slice, 'failed', `Given up after many tries: ${reason}`);
  slice.apply({ progress: { slicesWithoutProgress } });
  await slice.save();
  return PAUSES_SECONDS[Math.max(0, slicesWithoutProgress - 1)] ?? 1;
}

/** The status of a purge that is through, and what has failed. */
function outcomeOf({ counts, progress }: PurgeRecord): [PurgeStatus, string | null] {
  const errors = progress.flowErrors
    .slice(0, MAX_FLOW_ERRORS_TOLD)
    .map(({ flow, reason }) => `flow ${flow} could not be listed: ${reason}`);
  const more = progress.flowErrors.length - errors.length;
  if (more > 0) errors.push(`nor could ${more} more flows`);
  if (counts.failed > 0) errors.unshift(`${counts.failed} of ${counts.matched} executions failed`);
  return errors.length === 0 ? ['succeeded', null] : ['failed', errors.join('; ')];
}

/** Ends the purge. */
async function finish(slice: Slice, status: PurgeStatus, error: string | null): Promise<0> {
  await dropSettledBatches(slice);
  const final = await finalRecord(slice.ports, slice.state.record, error);
  slice.apply({ record: { ...final, status, dateEnded: new Date(slice.ports.now()).toISOString() } });
  await slice.save();
  return 0;
}

/** A batch that another worker has opened meanwhile has to be recovered first. */
async function dropSettledBatches(slice: Slice): Promise<void> {
  await slice.save();
  const { store } = slice.ports;
  const { id, progress } = slice.state.record;
  for await (const { seq } of store.batches(id)) {
    if (seq <= progress.settledBatch) await store.dropBatch(id, seq);
    else if (!slice.state.leftOpen) throw new OpenAlreadyError(`Another worker has opened batch ${seq}`);
  }
}

export function idleResult(status: SliceResult['status'], pauseSeconds = 0): SliceResult {
  return { status, pauseSeconds, added: NO_COUNTS };
}
