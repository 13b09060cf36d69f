import { AsyncLocalStorage } from 'node:async_hooks';
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
  /**
   * The same for each item. Resolves when all have ended, or rejects then with what the first failed with. Of an
   * item that waits nothing is kept but the item itself.
   */
  each<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void>;
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
  /** Each starts the next of its works, and is gone with the last. */
  const works = createQueue();
  /** Calls that wait after a 429, which may last seconds, by their signals, and since when. Others run meanwhile. */
  const retrying = new Map<AbortSignal, number>();
  let running = 0;
  let isStarting = false;
  let wakesAtMs = Number.POSITIVE_INFINITY;

  function letGo() {
    for (let take = turns.first(); take; take = turns.first()) {
      const waitMs = governor.waitMs(now());
      if (waitMs > 0) return wakeUp(waitMs);
      turns.remove(take);
      take();
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
    if (isStarting || !works.first()) return;
    for (const [signal, sinceMs] of retrying) {
      if (now() - sinceMs < LONGEST_RETRY_MS) break;
      retrying.delete(signal);
    }
    const most = governor.window * SPARE_SHARE + SPARE_WORKS + retrying.size;
    // What is started here may start others, or end at once: both are seen to by the turns of this loop.
    isStarting = true;
    for (let startNext = works.first(); startNext && running < most; startNext = works.first()) {
      running += 1;
      startNext();
    }
    isStarting = false;
  }

  function each<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
    return new Promise((resolve, reject) => {
      const { length } = items;
      if (length === 0) return resolve();
      // They are started by whatever ends, which is somebody else's mostly.
      const inContext = AsyncLocalStorage.snapshot();
      let begun = 0;
      let ended = 0;
      let failure: { error: unknown } | undefined;
      const end = () => {
        running -= 1;
        ended += 1;
        if (ended === length) failure ? reject(failure.error) : resolve();
        startWorks();
      };
      const start = async (item: T) => {
        try {
          await work(item);
        } catch (error) {
          failure ??= { error };
        } finally {
          end();
        }
      };
      const startNext = () => {
        const item = items[begun++] as T;
        if (begun === length) works.remove(startNext);
        inContext(start, item);
      };
      works.push(startNext);
      startWorks();
    });
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
    each,
    run: async <T>(work: () => Promise<T>) => {
      const done: T[] = [];
      await each([work], async (one) => void done.push(await one()));
      return done[0] as T;
    },
  };
}

/** First in, first out, and out of turn for who gives up. */
function createQueue() {
  const waiting = new Set<() => void>();
  const order = waiting.values();
  let head: (() => void) | undefined;
  return {
    push: (one: () => void) => void waiting.add(one),
    remove: (one: () => void) => {
      waiting.delete(one);
      if (one === head) head = undefined;
    },
    /**
     * One iterator goes through the Set, however long it becomes: a new one each time would walk over the holes of
     * all that are gone.
     */
    first: (): (() => void) | undefined => {
      if (head !== undefined || waiting.size === 0) return head;
      head = order.next().value;
      return head;
    },
  };
}
