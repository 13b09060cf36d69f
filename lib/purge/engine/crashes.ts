import { hash } from 'node:crypto';
import type { Batch } from '../batch/batch.ts';
import type { Progress, PurgeRecord } from '../record/record.ts';
import { MAX_CRASHES } from './limits.ts';

const PLACE_DIGITS = 16;

/**
 * Returns what a slice saves when it starts the durable step `step` with these batches open, and the error
 * after too many crashes. AWS repeats a step whose worker has crashed. So a step that has started before, in
 * the same place, counts another crash.
 */
export function startStep(step: string, record: PurgeRecord, open: readonly Batch[]) {
  const { startedStep: last, ...progress } = record.progress;
  const batches = open.map(({ seq, archived, active, inactive }) => [
    seq,
    archived,
    active.length + inactive.length,
  ]);
  const place = hash('sha256', JSON.stringify([progress, record.counts, batches])).slice(0, PLACE_DIGITS);
  const isSame = last?.step === step && last.place === place;
  const started: Progress['startedStep'] = { step, place, crashes: isSame ? last.crashes + 1 : 0 };
  return { started, error: started.crashes >= MAX_CRASHES ? new TooManyCrashes(record, open) : null };
}

/** Ends the purge, because another worker would crash as the last ones did. The record shows the message. */
export class TooManyCrashes extends Error {
  override readonly name = 'TooManyCrashes';

  constructor(record: PurgeRecord, open: readonly Batch[]) {
    const where = whereOf(record, open);
    super(
      `The worker died ${MAX_CRASHES} times in a row without getting further, ${where}. Its log says why (memory, time). Remove the cause and start the purge again: it selects what is left`,
    );
  }
}

function whereOf({ flows, request, progress }: PurgeRecord, [first]: readonly Batch[]): string {
  const flow = flows[first?.flow ?? progress.flow]?.alias;
  if (flow === undefined) return 'at what had failed before';
  if (!first) return `at the list of the flow ${flow}`;
  if (request.archive && !first.archived) return `at the archive of the flow ${flow}`;
  return `at executions of the flow ${flow} that it was to ${request.action}`;
}
