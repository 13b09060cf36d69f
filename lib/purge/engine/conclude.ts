import type { Pipeline } from '../batch/pipeline.ts';
import { type Counts, NO_COUNTS, type PurgeRecord, type PurgeStatus } from '../record/record.ts';
import { finalRecord } from './final-record.ts';
import {
  MAX_FLOW_ERRORS_TOLD,
  MAX_SLICES_REFUSED,
  MIN_SLICE_MS,
  PAUSES_SECONDS,
  WAITING_HEARTBEAT_MS,
} from './limits.ts';
import { SupersededError } from './ports.ts';
import type { AbortReason, Slice } from './slice-state.ts';

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

type Ended = { status: Exclude<PurgeStatus, 'running'>; error: string | null };
type Conclusion = Ended | { status: 'running'; pauseSeconds: number; slicesWithoutProgress: number };

const NO_TIME: AbortReason = { reason: 'nothing could be done in the time of a slice', refused: false };

/** Saves the record of a slice that is over, or of the purge that ends with it. */
export async function conclude(slice: Slice, pipeline: Pipeline, ending: Ending): Promise<SliceResult> {
  const conclusion = conclusionOf(slice, ending);
  const { record, leftOpen, awaitsLock, abortReason } = slice.state;
  if (conclusion.status !== 'running') {
    await finish(slice, pipeline, conclusion);
    return { status: conclusion.status, pauseSeconds: 0, added: slice.added };
  }
  const onlyWaited = awaitsLock && !slice.gotFurther && !abortReason;
  const silentMs = slice.ports.now() - Date.parse(record.dateUpdated);
  if (!onlyWaited || silentMs >= WAITING_HEARTBEAT_MS) {
    const { slicesWithoutProgress } = conclusion;
    slice.apply({ progress: { slicesWithoutProgress } });
    // While a batch is open, the purge keeps the lock.
    if (!leftOpen) await pipeline.unlock();
    await slice.save();
  }
  // A pause ends the process. The next one has time for another slice.
  const needsProcess = slice.ports.remainingMs() < MIN_SLICE_MS;
  return {
    status: slice.state.record.status,
    pauseSeconds: Math.max(conclusion.pauseSeconds, needsProcess ? 1 : 0),
    ...(onlyWaited ? { awaitsLock: true } : {}),
    added: slice.added,
  };
}

function conclusionOf(slice: Slice, ending: Ending): Conclusion {
  const { stopRequested, leftOpen, awaitsLock, hasActed, madeProgress, record, pauseSeconds } = slice.state;
  if (ending === 'through') return outcomeOf(record);
  if (ending !== 'later') return { status: 'failed', error: ending.error };
  const isIdle = !slice.gotFurther && !awaitsLock;
  const aborted = slice.state.abortReason ?? (isIdle ? NO_TIME : null);
  // What is open gets one more slice, even after a stop request.
  if (stopRequested && (aborted || !leftOpen || slice.isLast)) return { status: 'stopped', error: null };
  if (!aborted) return { status: 'running', pauseSeconds, slicesWithoutProgress: 0 };
  const { reason, refused } = aborted;
  // Refused one by one, a purge gets through its list and achieves nothing.
  const hasHelped = refused ? hasActed : madeProgress;
  const slicesWithoutProgress = hasHelped ? 0 : record.progress.slicesWithoutProgress + 1;
  if (slicesWithoutProgress > (refused ? MAX_SLICES_REFUSED : PAUSES_SECONDS.length))
    return { status: 'failed', error: `Given up after many tries: ${reason}` };
  const pause = PAUSES_SECONDS[Math.max(0, slicesWithoutProgress - 1)] ?? 1;
  return { status: 'running', pauseSeconds: pause, slicesWithoutProgress };
}

/** The status of a purge that is through, and what has failed. */
function outcomeOf({ counts, progress }: PurgeRecord): Conclusion {
  const errors = progress.flowErrors
    .slice(0, MAX_FLOW_ERRORS_TOLD)
    .map(({ flow, reason }) => `flow ${flow} could not be listed: ${reason}`);
  const more = progress.flowErrors.length - errors.length;
  if (more > 0) errors.push(`nor could ${more} more flows`);
  if (counts.failed > 0) errors.unshift(`${counts.failed} of ${counts.matched} executions failed`);
  return errors.length === 0
    ? { status: 'succeeded', error: null }
    : { status: 'failed', error: errors.join('; ') };
}

/** Ends the purge. A batch that another worker has opened meanwhile has to be recovered first. */
async function finish(slice: Slice, pipeline: Pipeline, { status, error }: Ended): Promise<void> {
  const { store, now } = slice.ports;
  await slice.save();
  const { id, progress } = slice.state.record;
  for await (const { seq } of store.batches(id)) {
    if (seq <= progress.settledBatch) await store.dropBatch(id, seq);
    else if (!slice.state.leftOpen) throw new SupersededError(`Another worker has opened batch ${seq}`);
  }
  const final = await finalRecord(slice.ports, slice.state.record, error);
  slice.apply({ record: { ...final, status, dateEnded: new Date(now()).toISOString() } });
  await pipeline.unlock();
  await slice.save();
}

export function idleResult(status: SliceResult['status'], pauseSeconds = 0): SliceResult {
  return { status, pauseSeconds, added: NO_COUNTS };
}
