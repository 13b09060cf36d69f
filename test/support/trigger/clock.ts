import { setImmediate } from 'node:timers/promises';

/** Time that passes only when everybody waits for it. */
export type VirtualClock = {
  now: () => number;
  sleep: (ms: number) => Promise<void>;
  /** Lets time pass until `promise` is settled; throws when everybody waits for ever. */
  run: <T>(promise: Promise<T>) => Promise<T>;
  /** Lets so much time pass. */
  pass: (ms: number) => Promise<void>;
};

/** Rounds of the event loop in which nothing but promises may go on before time moves. */
const IDLE_ROUNDS = 2;

export function createClock(startMs = Date.UTC(2026, 0, 1)): VirtualClock {
  let nowMs = startMs;
  let sleepers: { atMs: number; wake: () => void }[] = [];

  async function settle(): Promise<void> {
    for (let round = 0; round < IDLE_ROUNDS; round++) await setImmediate();
  }

  function wakeNext(): boolean {
    const next = sleepers.reduce<number | undefined>(
      (least, { atMs }) => (least === undefined || atMs < least ? atMs : least),
      undefined,
    );
    if (next === undefined) return false;
    nowMs = Math.max(nowMs, next);
    const due = sleepers.filter(({ atMs }) => atMs <= nowMs);
    sleepers = sleepers.filter(({ atMs }) => atMs > nowMs);
    for (const { wake } of due) wake();
    return true;
  }

  const clock: VirtualClock = {
    now: () => nowMs,
    sleep: (ms) =>
      new Promise((resolve) => {
        sleepers.push({ atMs: nowMs + Math.max(0, ms), wake: resolve });
      }),
    async run(promise) {
      const state = { settled: false };
      const watched = promise.finally(() => {
        state.settled = true;
      });
      watched.catch(() => undefined);
      await settle();
      while (!state.settled) {
        if (!wakeNext()) throw new Error('everybody waits for ever');
        await settle();
      }
      return watched;
    },
    pass: (ms) => clock.run(clock.sleep(ms)),
  };
  return clock;
}
