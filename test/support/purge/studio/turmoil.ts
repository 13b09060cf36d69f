import type { Around } from '../calls.ts';

/** More calls in a row than a batch has, so that a worker may wake up when the others are far ahead. */
const LONGEST_STRETCH = 200;

/**
 * Several workers alive at once, whose calls go out, and come back, in an order that only the seed decides: one
 * call at a time, and now and then all but one worker stand still for a while.
 */
export function createTurmoil(seed: number) {
  const random = randomOf(seed);
  const waiting: { worker: number; from: number; go: () => void }[] = [];
  let steps = 0;
  let running = 0;
  let favourite = 0;
  let stretch = 0;
  const pass = (worker: number, from = 0) =>
    new Promise<void>((resolve) => waiting.push({ worker, from, go: resolve }));

  async function drive(): Promise<void> {
    while (running > 0) {
      // What was let go goes on until it waits again.
      await new Promise((resolve) => setImmediate(resolve));
      if (waiting.length === 0) continue;
      steps = Math.max(steps + 1, Math.min(...waiting.map(({ from }) => from)));
      const ready = waiting.filter(({ from }) => from <= steps);
      if (--stretch < 0) {
        stretch = random(LONGEST_STRETCH);
        favourite = ready[random(ready.length)]?.worker ?? 0;
      }
      const own = ready.filter(({ worker }) => worker === favourite);
      const lot = own.length > 0 ? own : ready;
      const next = lot[random(lot.length)];
      if (next) waiting.splice(waiting.indexOf(next), 1)[0]?.go();
    }
  }

  return {
    random,
    /** The calls of one worker. */
    around:
      (worker: number): Around =>
      async (call) => {
        await pass(worker);
        try {
          return await call();
        } finally {
          await pass(worker);
        }
      },
    /** Runs them all to their end. */
    async together<T>(workers: readonly (() => Promise<T>)[]): Promise<T[]> {
      running = workers.length;
      const all = workers.map((work) => work().finally(() => (running -= 1)));
      const [results] = await Promise.all([Promise.all(all), drive()]);
      return results;
    },
    /** Resolves once `count` more calls, of any worker, have gone out or come back. */
    later: (worker: number, count: number): Promise<void> => pass(worker, steps + count),
  };
}

/** Whole numbers below `most`: mulberry32, as good as this needs. */
function randomOf(seed: number): (most: number) => number {
  let state = seed;
  return (most) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * most);
  };
}
