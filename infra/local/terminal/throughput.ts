/** A purge's record changes in steps, so the rate covers some of them. */
const WINDOW_MS = 30_000;
/** A worker saves the record at least every minute. After that, the rate is unknown. */
export const SILENT_MS = 60_000;

export type Throughput = { donePerSecond: number; leftMs: number | null };

/**
 * Computes how fast a purge goes. `fromStart`: the first look is at the purge's beginning; otherwise the time of the
 * first step is unknown, and counting begins at its end.
 */
export function createThroughput({
  fromStart,
}: {
  fromStart: boolean;
}): (done: number, total: number | null, nowMs: number) => Throughput | null {
  const steps: { done: number; atMs: number }[] = [];
  let looked: number | undefined;
  return (done, total, nowMs) => {
    // Only changes count, so that the rate does not fall between two of them.
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
