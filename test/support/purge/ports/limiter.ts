import type { Limiter } from '../../../../lib/purge/engine/ports.ts';

/** Throws only when all are over, so that none goes on unobserved. */
async function allOver(work: readonly Promise<unknown>[]): Promise<void> {
  await Promise.allSettled(work);
  await Promise.all(work);
}

/** Everything at once. */
export const openLimiter: Limiter = {
  each: async (items, work) => allOver(items.map(work)),
};

/** At most `width` pieces of work at a time, in the order they came. */
export function createLimiterOf(width: number): Limiter {
  const waiting: (() => void)[] = [];
  let running = 0;
  const enter = () => {
    if (running < width) {
      running += 1;
      return Promise.resolve();
    }
    return new Promise<void>((resolve) => waiting.push(resolve));
  };
  const leave = () => {
    const next = waiting.shift();
    if (next) next();
    else running -= 1;
  };
  return {
    each: async (items, work) => {
      await allOver(
        items.map(async (item) => {
          await enter();
          try {
            await work(item);
          } finally {
            leave();
          }
        }),
      );
    },
  };
}
