import { MAX_REPEATS, SAMPLE_SIZE } from '../engine/limits.ts';
import type { Progress, PurgeRecord } from '../record/record.ts';

/**
 * A Studio that confirms deletions and goes on listing what it says is deleted would keep a purge busy for ever: of
 * more executions than are remembered (handled.ts), every sweep finds some again. So the record holds a sample of
 * those confirmed, and counts how often one of the sample is confirmed once more. A list that only lags behind does
 * not come to that: what is gone answers so. Nor does one that shows little at a time, since it shows other ones.
 *
 * A second sample begins anew after the second, fourth, eighth … sweep of a flow. So it is of what comes again and
 * again, however little that is beside the rest, and over as many sweeps as it takes to come again.
 */
export function goesRound({ repeats }: Progress): boolean {
  return repeats >= MAX_REPEATS;
}

/** `before` is the record as it was before these were done. */
export function withSample(
  before: PurgeRecord,
  done: readonly string[],
): Pick<Progress, 'sample' | 'lateSample' | 'repeats' | 'firm'> {
  const { sample, lateSample, repeats, firm } = before.progress;
  const samples = { sample: [...sample], lateSample: [...lateSample] };
  let known = 0;
  for (const sid of done) {
    const rank = rankOf(sid);
    const ofAll = wasIn(samples.sample, sid, rank);
    if (wasIn(samples.lateSample, sid, rank) || ofAll) known += 1;
  }
  return { ...samples, repeats: repeats + known, firm: known > 0 ? (firm ?? firmOf(before)) : firm };
}

/** Otherwise it is now, if its rank is low enough: those with the lowest are the sample. */
function wasIn(sample: string[], sid: string, rank: number): boolean {
  if (sample.length === SAMPLE_SIZE && rank > rankOf(sample.at(-1) ?? '')) return false;
  if (sample.includes(sid)) return true;
  sample.push(sid);
  sample.sort((one, other) => rankOf(one) - rankOf(other)).splice(SAMPLE_SIZE);
  return false;
}

/** What the next sweep begins with. */
export function nextSample(record: PurgeRecord): Pick<Progress, 'lateSample' | 'firm'> {
  const { sweep, doneInSweep, lateSample, repeats, firm } = record.progress;
  const isFirm = firm === null || (repeats === 0 && doneInSweep > 0);
  const beginsAnew = sweep > 1 && Number.isInteger(Math.log2(sweep));
  return { lateSample: beginsAnew ? [] : lateSample, firm: isFirm ? firmOf(record) : firm };
}

/** The record without what was only done, or found gone, again. What failed is named, and stays so. */
export function withoutRepeats({ counts, progress: { firm } }: PurgeRecord): Partial<PurgeRecord> {
  if (firm === null) return {};
  const failed = counts.failed - firm.counts.failed;
  const { listed, matched } = firm.counts;
  return {
    ...firm,
    counts: { ...firm.counts, listed: listed + failed, matched: matched + failed, failed: counts.failed },
  };
}

function firmOf({ counts, digest, activeLeft }: PurgeRecord): Progress['firm'] {
  return { counts, digest, activeLeft };
}

/** Puts SIDs into an order that has nothing to do with the one they are listed in. */
function rankOf(sid: string): number {
  return Math.imul(Number.parseInt(sid.slice(-8), 16), 0x9e3779b1) >>> 0;
}
