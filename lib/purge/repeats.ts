import { MAX_REPEATS, SAMPLE_SIZE } from './limits.ts';
import type { Progress, PurgeRecord } from './record.ts';

/**
 * A Studio that confirms deletions and goes on listing what it says is deleted would keep a purge busy for ever: of
 * more executions than are remembered (handled.ts), every sweep finds some again. So the record holds a sample of
 * those confirmed, and counts how often one of the sample is confirmed once more. A list that only lags behind does
 * not come to that: what is gone answers so. Nor does one that shows little at a time, since it shows other ones.
 *
 * The sample begins anew after the second, fourth, eighth … sweep of a flow. So it is of what comes again and
 * again, however little that is beside the rest, and over as many sweeps as it takes to come again.
 */
export function goesRound({ repeats }: Progress): boolean {
  return repeats >= MAX_REPEATS;
}

/** `before` is the record as it was before these were done. */
export function withSample(
  before: PurgeRecord,
  done: readonly string[],
): Pick<Progress, 'sample' | 'repeats' | 'firm'> {
  let { sample, repeats, firm } = before.progress;
  for (const sid of done) {
    const rank = rankOf(sid);
    const last = sample.at(-1);
    if (sample.length === SAMPLE_SIZE && last !== undefined && rank > rankOf(last)) continue;
    if (sample.includes(sid)) repeats += 1;
    else sample = [...sample, sid].sort((one, other) => rankOf(one) - rankOf(other)).slice(0, SAMPLE_SIZE);
  }
  if (repeats > 0) firm ??= firmOf(before);
  return { sample, repeats, firm };
}

/** What the next sweep begins with. */
export function nextSample(record: PurgeRecord): Pick<Progress, 'sample' | 'firm'> {
  const { sweep, doneInSweep, sample, repeats, firm } = record.progress;
  const isFirm = firm === null || (repeats === 0 && doneInSweep > 0);
  const beginsAnew = sweep > 1 && Number.isInteger(Math.log2(sweep));
  return { sample: beginsAnew ? [] : sample, firm: isFirm ? firmOf(record) : firm };
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
