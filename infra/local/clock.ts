/** Time for the local run: tests hold and move it, `npm start` takes the real one. */
export type Clock = {
  now(): number;
  /** How far the functions' clocks are ahead of the machine's, in milliseconds. Default: not at all. */
  offsetMs?: Float64Array<SharedArrayBuffer>;
  /** Runs `work` once, `delayMs` from now; the answer cancels it. */
  after(delayMs: number, work: () => void): () => void;
};

export const realClock: Clock = {
  now: () => Date.now(),
  after(delayMs, work) {
    const timer = setTimeout(work, delayMs);
    return () => clearTimeout(timer);
  },
};
