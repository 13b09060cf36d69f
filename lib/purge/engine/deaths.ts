import { hash } from 'node:crypto';
import type { Begun, PurgeRecord } from '../record/record.ts';
import { MAX_DEATHS } from './limits.ts';
import type { Batch } from './ports.ts';

const PLACE_DIGITS = 16;

/**
 * Returns what a slice writes into the record when it begins. The durable run repeats a step only if its
 * worker died, so a slice whose step has already begun counts a death, provided that the purge has not moved
 * on since. `open`: the batches that are saved but not settled.
 */
export function begunBy(step: string, record: PurgeRecord, open: readonly Batch[]): Begun {
  const { begun, ...progress } = record.progress;
  const batches = open.map(({ seq, archived, active, inactive, failed }) => [
    seq,
    archived,
    active.length + inactive.length,
    failed.length,
  ]);
  const place = hash('sha256', JSON.stringify([progress, record.counts, batches])).slice(0, PLACE_DIGITS);
  const isSame = begun?.step === step && begun.place === place;
  return { step, place, deaths: isSame ? begun.deaths + 1 : 0 };
}

/** Ends the purge: another worker would die like those before. The message goes into the purge's record. */
export class TooManyDeaths extends Error {
  override readonly name = 'TooManyDeaths';

  constructor(record: PurgeRecord, open: readonly Batch[]) {
    const where = whereOf(record, open);
    super(
      `The worker died ${MAX_DEATHS} times in a row without getting further, ${where}. Its log says why (memory, time). Remove the cause and start the purge again: it selects what is left`,
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
