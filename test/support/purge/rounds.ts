import type { Limiter } from '../../../lib/studio/limiter/limiter.ts';

/**
 * Round trips that end when all that was asked has arrived, instead of by time: as many are in flight at once as
 * the limiter lets go, however slow the machine is.
 */
export function createRounds() {
  let asked = 0;
  let waiting: (() => void)[] = [];
  const endRound = () => {
    if (waiting.length < asked) return void setImmediate(endRound);
    const all = waiting;
    waiting = [];
    for (const answer of all) answer();
  };
  return {
    /** The limiter, whose turns are counted. */
    of: (limiter: Limiter): Limiter => ({
      ...limiter,
      acquire: async (signal) => {
        const giveBack = await limiter.acquire(signal);
        asked += 1;
        return (went) => {
          asked -= 1;
          giveBack(went);
        };
      },
    }),
    /** The simulated Studio's `sleep`. */
    sleep: () =>
      new Promise<void>((answer) => {
        if (waiting.push(answer) === 1) setImmediate(endRound);
      }),
  };
}
