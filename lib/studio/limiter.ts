import { setTimeout as wait } from 'node:timers/promises';
import { createGovernor, type Went } from './governor.ts';

/**
 * Adaptive concurrency for calls that may be repeated: as many at once as the upstream takes, which nobody
 * publishes. Hand it to the calls (`{ limiter }`): each of their tries waits for its turn, and its 429s and
 * successes are what the limit is found out from. One limiter per upstream and account, shared by everything
 * that runs at the same time.
 */
export type Limiter = {
  /** Waits for a turn; rejects with the signal's reason. The turn must be given back, once, with how it went. */
  acquire(signal?: AbortSignal): Promise<(went: Went) => void>;
  /**
   * Runs `work`, of one or several such calls, with only as many works under way as the limit has use for;
   * the others wait their turn. Takes any number, such as all items of a page.
   */
  run<T>(work: () => Promise<T>): Promise<T>;
  /** What has been found out so far: how many at once, and in a second (Infinity when only the former shows). */
  readonly limits: { inFlight: number; perSecond: number };
};

export type LimiterOptions = {
  /** How many at once to begin with. Default 8. */
  initial?: number;
  /** How many at once at most; each is a connection. Default 512. */
  max?: number;
  /** Milliseconds of a clock that never steps back. */
  now?: () => number;
  sleep?: (ms: number) => Promise<unknown>;
};

/** Works that are between their calls hold no turn: a few more than the limit keep all turns taken. */
const SPARE_WORKS = 4;
const SPARE_SHARE = 1.25;
/** No call waits longer after a 429 than retry.ts lets it; who has not come back by then has given up. */
const LONGEST_RETRY_MS = 31_000;

export function createLimiter(options: LimiterOptions = {}): Limiter {
  const { initial = 8, max = 512, now = () => performance.now(), sleep = wait } = options;
  const governor = createGovernor({ initial, max });
  const turns = createQueue();
  const works = createQueue();
  /** Calls that wait after a 429, which may last seconds, by their signals, and since when. Others run meanwhile. */
  const retrying = new Map<AbortSignal, number>();
  let running = 0;
  let wakesAtMs = Number.POSITIVE_INFINITY;

  function letGo() {
    while (turns.length > 0) {
      const waitMs = governor.waitMs(now());
      if (waitMs > 0) return wakeUp(waitMs);
      turns.shift()?.();
    }
  }

  function wakeUp(waitMs: number) {
    const atMs = now() + waitMs;
    // Infinity: whatever ends next calls. And one timer is enough.
    if (atMs >= wakesAtMs || waitMs === Number.POSITIVE_INFINITY) return;
    wakesAtMs = atMs;
    sleep(Math.ceil(waitMs)).then(() => {
      if (wakesAtMs === atMs) wakesAtMs = Number.POSITIVE_INFINITY;
      letGo();
    });
  }

  function startWorks() {
    if (works.length === 0) return;
    for (const [signal, sinceMs] of retrying) {
      if (now() - sinceMs < LONGEST_RETRY_MS) break;
      retrying.delete(signal);
    }
    const most = governor.window * SPARE_SHARE + SPARE_WORKS + retrying.size;
    while (works.length > 0 && running < most) {
      running += 1;
      works.shift()?.();
    }
  }

  return {
    get limits() {
      return { inFlight: governor.window, perSecond: governor.ratePerSecond };
    },
    acquire: (signal) =>
      new Promise((resolve, reject) => {
        if (signal?.aborted) return reject(signal.reason);
        const onAbort = () => {
          turns.remove(take);
          reject(signal?.reason);
        };
        const take = () => {
          signal?.removeEventListener('abort', onAbort);
          if (signal) retrying.delete(signal);
          const ticket = governor.start(now());
          resolve((went) => {
            governor.end(ticket, went, now());
            if (went === 'throttled' && signal) {
              retrying.set(signal, now());
              startWorks();
            }
            letGo();
          });
        };
        signal?.addEventListener('abort', onAbort, { once: true });
        turns.push(take);
        letGo();
      }),
    run: async (work) => {
      await new Promise<void>((resolve) => {
        works.push(resolve);
        startWorks();
      });
      try {
        return await work();
      } finally {
        running -= 1;
        startWorks();
      }
    },
  };
}

/** First in, first out, and out of turn for who gives up. A Set keeps order and forgets in constant time. */
function createQueue() {
  const waiting = new Set<() => void>();
  return {
    get length() {
      return waiting.size;
    },
    push: (one: () => void) => void waiting.add(one),
    remove: (one: () => void) => void waiting.delete(one),
    shift: () => {
      const [first] = waiting;
      if (first) waiting.delete(first);
      return first;
    },
  };
}
