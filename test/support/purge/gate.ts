import { allOver } from '../../../lib/purge/batch/all-over.ts';
import type { Gate } from '../../../lib/purge/engine/ports.ts';

/** Everything at once. */
export const openGate: Gate = {
  each: async (items, work) => void (await allOver(items.map(work))),
};

/** At most `width` pieces of work at a time, in the order they came. */
export function createGate(width: number): Gate {
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
