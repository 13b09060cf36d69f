/** How fast it goes, from what was done when. */

/** A purge's record changes in steps: the rate is over so long that some of them are in it. */
const WINDOW_MS = 30_000;

export type Pace = { donePerSecond: number; leftMs: number | null };

export function createPace(): (done: number, total: number | null, nowMs: number) => Pace | null {
  const seen: { done: number; atMs: number }[] = [];
  return (done, total, nowMs) => {
    // Only changes count: a rate that falls while one waits for the next one tells nothing.
    if (seen.at(-1)?.done !== done) seen.push({ done, atMs: nowMs });
    while (seen.length > 2 && nowMs - (seen[1]?.atMs ?? nowMs) > WINDOW_MS) seen.shift();
    const [first] = seen;
    const last = seen.at(-1);
    if (!first || !last || last.atMs === first.atMs) return null;
    const donePerSecond = ((last.done - first.done) / (last.atMs - first.atMs)) * 1_000;
    if (donePerSecond <= 0) return null;
    const leftMs = total === null ? null : (Math.max(0, total - done) / donePerSecond) * 1_000;
    return { donePerSecond, leftMs };
  };
}
