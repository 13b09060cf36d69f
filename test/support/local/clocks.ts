import { type Clock, realClock } from '../../../infra/local/clock.ts';

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

/** Runs as the real clock does and can be set forward, for the functions too. Timers keep to real time. */
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
