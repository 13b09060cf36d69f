/** Time for the local run: tests hold it and move it, `npm start` takes the real one. */
export type Clock = {
  now(): number;
  /** How far the functions' clocks are ahead of the machine's, in milliseconds; without it they are not. */
  offsetMs?: Float64Array<SharedArrayBuffer>;
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

/**
 * Runs as the real one does and can be set forward, for the functions too: what would take a lease of half a
 * minute or a secret's lifetime is a line in a test. Timers keep to real time.
 */
export function travellingClock(): Clock & { travel(ms: number): void } {
  const offsetMs = new Float64Array(new SharedArrayBuffer(Float64Array.BYTES_PER_ELEMENT));
  const offset = () => offsetMs[0] ?? 0;
  return {
    offsetMs,
    now: () => Date.now() + offset(),
    after: realClock.after,
    travel(ms) {
      offsetMs[0] = offset() + ms;
    },
  };
}
