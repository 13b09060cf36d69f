/** Time for the local run: tests hold it and move it, `npm start` takes the real one. */
export type Clock = {
  now(): number;
  /** Runs `work` once, `delayMs` from now; the answer cancels it. */
  after(delayMs: number, work: () => void): () => void;
};

/** setTimeout counts in 32 bits: longer delays are walked in laps. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

export const realClock: Clock = {
  now: () => Date.now(),
  after(delayMs, work) {
    let timer: NodeJS.Timeout;
    const arm = (leftMs: number) => {
      const lapMs = Math.min(leftMs, LONGEST_TIMER_MS);
      timer = setTimeout(() => (leftMs > lapMs ? arm(leftMs - lapMs) : work()), lapMs);
    };
    arm(Math.max(0, delayMs));
    return () => clearTimeout(timer);
  },
};

export type ManualClock = Clock & {
  /** Moves time on and runs what falls due on the way, in order. */
  advance(ms: number): void;
};

export function manualClock(startMs: number): ManualClock {
  let nowMs = startMs;
  const due: { atMs: number; work: () => void }[] = [];
  return {
    now: () => nowMs,
    after(delayMs, work) {
      const entry = { atMs: nowMs + Math.max(0, delayMs), work };
      due.push(entry);
      return () => {
        const at = due.indexOf(entry);
        if (at >= 0) due.splice(at, 1);
      };
    },
    advance(ms) {
      const endMs = nowMs + ms;
      for (;;) {
        const next = due.toSorted((a, b) => a.atMs - b.atMs)[0];
        if (!next || next.atMs > endMs) break;
        due.splice(due.indexOf(next), 1);
        nowMs = Math.max(nowMs, next.atMs);
        next.work();
      }
      nowMs = endMs;
    },
  };
}
