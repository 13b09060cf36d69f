import { Pipeline } from '../batch/pipeline.ts';
import { recoverBatches } from '../batch/recover.ts';
import { retryRound } from '../batch/retry.ts';
import { madeWith } from '../order/contact-key.ts';
import { matcherOf } from '../order/selection.ts';
import { sweepFlow } from '../sweep/sweep.ts';
import { conclude, type Ending, idleResult, type SliceResult } from './conclude.ts';
import { TooManyCrashes } from './crashes.ts';
import { SUPERSEDED_PAUSE_SECONDS } from './limits.ts';
import { type Ports, SupersededError } from './ports.ts';
import { abort, Slice } from './slice-state.ts';

/**
 * Runs up to a minute of a purge's work as the durable step `step`. May be killed at any point and run again.
 * Throws only errors that neither Studio nor the archive has caused, such as the table's; the record shows
 * all others.
 */
export async function runSlice(id: string, ports: Ports, step: string): Promise<SliceResult> {
  const stored = await ports.store.read(id);
  if (!stored) throw new Error(`There is no purge ${id}`);
  if (stored.record.status !== 'running') return idleResult(stored.record.status);
  const slice = new Slice(stored, ports, step);
  try {
    return await work(slice, new Pipeline(slice));
  } catch (error) {
    // The other worker may have crashed since, so the run tries again after a pause.
    const errors: unknown[] = error instanceof AggregateError ? error.errors : [error];
    if (errors.some((one) => one instanceof SupersededError))
      return idleResult('superseded', SUPERSEDED_PAUSE_SECONDS);
    await cleanUp(error, slice.withdraw());
    throw error;
  } finally {
    slice.close();
  }
}

/** Waits for the work that has to be done after the error. Throws both errors if that fails as well. */
async function cleanUp(error: unknown, work: Promise<void>): Promise<void> {
  await work.catch((other: unknown) => {
    if (other !== error) throw new AggregateError([error, other], 'A slice failed', { cause: error });
  });
}

/** Does the work of a slice. When it returns or throws, no call is in flight. */
async function work(slice: Slice, pipeline: Pipeline): Promise<SliceResult> {
  const ending = await continuePurge(slice, pipeline).catch(async (error: unknown): Promise<Ending> => {
    slice.apply(abort(slice.state, { reason: 'the slice failed', refused: false }));
    await cleanUp(error, pipeline.drained());
    if (!(error instanceof TooManyCrashes)) throw error;
    slice.apply({ leftOpen: true });
    return { error: error.message };
  });
  return conclude(slice, pipeline, ending);
}

/**
 * Recovers batches, sweeps flow after flow, and retries what has failed, until the time of the slice is over.
 */
async function continuePurge(slice: Slice, pipeline: Pipeline): Promise<Ending> {
  await recoverBatches(slice, pipeline);
  const { request, flows } = slice.state.record;
  if (slice.state.leftOpen || slice.state.abortReason) return 'later';
  const contactKey = request.contact === null ? null : await slice.ports.contactKey();
  if (request.contact !== null && contactKey && !madeWith(contactKey, request.contact))
    return { error: 'The API key was rotated since this was asked for: ask for it again.' };
  const matcher = matcherOf(slice.state.record, contactKey);

  while (slice.mayStartBatch && slice.state.pauseSeconds === 0) {
    const { progress, counts } = slice.state.record;
    if (progress.flow === flows.length && counts.failed === 0) return 'through';
    if (progress.flow < flows.length) {
      if (!request.dryRun && !(await pipeline.mayActOn(progress.flow))) break;
      await slice.begin();
      await sweepFlow(slice, pipeline, matcher);
    } else {
      await slice.begin();
      const isOver = await retryRound(slice, pipeline);
      if (isOver && slice.mayStartBatch) return 'through';
    }
  }
  await pipeline.drained();
  return 'later';
}
