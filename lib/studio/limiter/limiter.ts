import { AsyncLocalStorage } from 'node:async_hooks';
import { setTimeout as wait } from 'node:timers/promises';
import { createAdaptiveLimit, type RequestOutcome } from './adaptive-limit.ts';

/**
 * Adaptive concurrency for calls that may be repeated. Pass it to the calls (`{ limiter }`): each try waits for a
 * permit and reports its outcome. Use one limiter for all calls of a process to the same account.
 */
export type Limiter = {
  /** Waits for a permit; rejects with the signal's reason. Call the returned function once, with the outcome. */
  acquire(signal?: AbortSignal): Promise<(outcome: RequestOutcome) => void>;
  /** Runs `work`, which makes one or several limited calls, when the limit has room for it. */
  run<T>(work: () => Promise<T>): Promise<T>;
  /**
   * Runs `work` for each item, in order, a few more at a time than the limit allows requests. Resolves when all
   * have ended; if any failed, rejects then with the first failure.
   */
  each<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void>;
  /** The limits found so far: requests in flight, and request starts per second (Infinity if none was found). */
  readonly limits: { inFlight: number; perSecond: number };
};

export type LimiterOptions = {
  /** Requests in flight at the start. Default 8. */
  initial?: number;
  /** The most requests in flight; each needs a connection. Default 512. */
  max?: number;
  /** A monotonic clock in milliseconds. */
  now?: () => number;
  sleep?: (ms: number) => Promise<unknown>;
};

/** Works between two calls hold no permit, so some more than the limit keep all permits in use. */
const SPARE_WORKS = 4;
const SPARE_SHARE = 1.25;
/** The longest wait after a 429 (lib/studio/http/retry.ts), and a second. */
const MAX_RETRY_MS = 31_000;

type Waiting = Set<() => void>;

export function createLimiter(options: LimiterOptions = {}): Limiter {
  const { initial = 8, max = 512, now = () => performance.now(), sleep = wait } = options;
  const limit = createAdaptiveLimit({ initial, max });
  const requests: Waiting = new Set();
  /** Each function starts the next of its works, and is removed with the last. */
  const works: Waiting = new Set();
  /** Calls that wait after a 429, by their signals, and since when. Other works run meanwhile. */
  const retrying = new Map<AbortSignal, number>();
  let running = 0;
  let isStarting = false;
  let wakesAtMs = Number.POSITIVE_INFINITY;

  function grantPermits() {
    for (let grant = first(requests); grant; grant = first(requests)) {
      const waitMs = limit.waitMs(now());
      if (waitMs > 0) return wakeAfter(waitMs);
      requests.delete(grant);
      grant();
    }
  }

  function wakeAfter(waitMs: number) {
    const atMs = now() + waitMs;
    // Infinity: the next request that ends grants the permit.
    if (atMs >= wakesAtMs || waitMs === Number.POSITIVE_INFINITY) return;
    wakesAtMs = atMs;
    sleep(Math.ceil(waitMs)).then(() => {
      if (wakesAtMs === atMs) wakesAtMs = Number.POSITIVE_INFINITY;
      grantPermits();
    });
  }

  function startWorks() {
    if (isStarting) return;
    for (const [signal, sinceMs] of retrying) {
      if (now() - sinceMs < MAX_RETRY_MS) break;
      retrying.delete(signal);
    }
    const most = limit.window * SPARE_SHARE + SPARE_WORKS + retrying.size;
    // A work may start others or end at once. This loop serves both, so the stack stays flat.
    isStarting = true;
    for (let startNext = first(works); startNext && running < most; startNext = first(works)) startNext();
    isStarting = false;
  }

  function each<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    if (items.length === 0) resolve();
    // Works are started by whichever work ends, in the asynchronous context of their own caller.
    const inContext = AsyncLocalStorage.snapshot();
    let started = 0;
    let ended = 0;
    let failure: { error: unknown } | undefined;
    const perform = async (item: T) => {
      try {
        await work(item);
      } catch (error) {
        failure ??= { error };
      }
      running -= 1;
      ended += 1;
      if (ended === items.length) failure ? reject(failure.error) : resolve();
      startWorks();
    };
    const startNext = () => {
      running += 1;
      const item = items[started++] as T;
      if (started === items.length) works.delete(startNext);
      inContext(perform, item);
    };
    if (items.length > 0) works.add(startNext);
    startWorks();
    return promise;
  }

  return {
    get limits() {
      return { inFlight: limit.window, perSecond: limit.ratePerSecond };
    },
    acquire: (signal) => {
      const { promise, resolve, reject } = Promise.withResolvers<(outcome: RequestOutcome) => void>();
      const onAbort = () => {
        requests.delete(grant);
        reject(signal?.reason);
      };
      const grant = () => {
        signal?.removeEventListener('abort', onAbort);
        if (signal) retrying.delete(signal);
        const permit = limit.start(now());
        resolve((outcome) => {
          limit.end(permit, outcome, now());
          if (outcome === 'throttled' && signal) {
            retrying.set(signal, now());
            startWorks();
          }
          grantPermits();
        });
      };
      if (signal?.aborted) onAbort();
      else {
        signal?.addEventListener('abort', onAbort, { once: true });
        requests.add(grant);
        grantPermits();
      }
      return promise;
    },
    each,
    run: async <T>(work: () => Promise<T>) => {
      const done: T[] = [];
      await each([work], async (one) => void done.push(await one()));
      return done[0] as T;
    },
  };
}

function first(waiting: Waiting): (() => void) | undefined {
  return waiting.values().next().value;
}
