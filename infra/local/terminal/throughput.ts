/** How fast a purge goes, from what was seen of it. */

/** A purge's record changes in steps: the rate is over so long that some of them are in it. */
const WINDOW_MS = 30_000;
/** A worker that lives saves the record at least every minute: after that, nobody knows how fast it goes. */
export const SILENT_MS = 60_000;

export type Throughput = { donePerSecond: number; leftMs: number | null };

/**
 * `fromStart`: whether the first look is the beginning. Where it is not, nobody saw how long the first step took,
 * and time is taken from its end on.
 */
export function createThroughput({
  fromStart,
}: {
  fromStart: boolean;
}): (done: number, total: number | null, nowMs: number) => Throughput | null {
  const steps: { done: number; atMs: number }[] = [];
  let looked: number | undefined;
  return (done, total, nowMs) => {
    // Only changes count: a rate that falls while one waits for the next one tells nothing.
    if (looked === undefined ? fromStart : looked !== done) steps.push({ done, atMs: nowMs });
    looked = done;
    while (steps.length > 2 && nowMs - (steps[1]?.atMs ?? nowMs) > WINDOW_MS) steps.shift();
    const [first] = steps;
    const last = steps.at(-1);
    if (!first || !last || last.atMs === first.atMs || nowMs - last.atMs > SILENT_MS) return null;
    const donePerSecond = ((last.done - first.done) / (last.atMs - first.atMs)) * 1_000;
    if (donePerSecond <= 0) return null;
    const leftMs = total === null ? null : (Math.max(0, total - done) / donePerSecond) * 1_000;
    return { donePerSecond, leftMs };
  };
}
