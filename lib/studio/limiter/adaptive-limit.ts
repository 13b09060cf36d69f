import { createRateLimit } from './rate-limit.ts';

/** What became of a request. `other`, such as a 5xx or a timeout, says nothing about limits. */
export type RequestOutcome = 'success' | 'throttled' | 'other';

/** `order`: the request's position in start order. `fillsWindow`: whether it took the last free place. */
export type Permit = { order: number; fillsWindow: boolean };

// README.md gives the reason of each constant.
const SEARCH_GROWTH = 0.25;
const SUCCESSES_PER_PROBE = 130;
const MAX_DEBT_SECONDS = 5;
const SMALL_WINDOW = 4;
const CIRCUIT_REFUSALS = 5;
const MIN_PAUSE_MS = 25;
const MAX_PAUSE_MS = 1_000;
const SECOND_MS = 1_000;

/** Finds from 429s how many requests Studio accepts in flight and per second. The caller passes the time. */
export function createAdaptiveLimit({ initial, max }: { initial: number; max: number }) {
  const rate = createRateLimit();
  let inFlight = 0;
  let order = 0;
  let window = Math.min(initial, max);
  let isSearching = true;
  /** The window at the first 429 of the last second. */
  let before = { atMs: Number.NEGATIVE_INFINITY, window };
  /** Successes towards the next probe. Negative: 429s that successes have to make up for. */
  let credit = 0;
  /** 429s in a row. `afterEachOther`: those whose request began after the previous one was known. */
  let refused = { count: 0, afterEachOther: 0, lastOrder: 0 };
  let pauseMs = 0;
  let pausedUntilMs = 0;

  const size = () => Math.max(1, Math.floor(window));
  const isOpen = () => refused.afterEachOther >= CIRCUIT_REFUSALS;

  function pass({ fillsWindow }: Permit, nowMs: number) {
    rate.pass(nowMs);
    if (isSearching && fillsWindow) window = Math.min(max, window + SEARCH_GROWTH);
    if (isSearching && (fillsWindow || !rate.isFound)) return;
    credit += 1;
    if (credit < SUCCESSES_PER_PROBE) return;
    if (fillsWindow) window = Math.min(max, window + 1);
    else if (!rate.raise(nowMs)) return;
    credit = 0;
  }

  function refuse(permit: Permit, nowMs: number) {
    if (rate.isRandom(nowMs)) return;
    if (!isOpen()) slowDown(permit, nowMs);
    if (!isOpen() || nowMs < pausedUntilMs) return;
    pauseMs = Math.min(Math.max(pauseMs * 2, MIN_PAUSE_MS), MAX_PAUSE_MS);
    pausedUntilMs = nowMs + pauseMs;
  }

  function slowDown(permit: Permit, nowMs: number) {
    isSearching = false;
    if (nowMs - before.atMs >= SECOND_MS) before = { atMs: nowMs, window };
    refused.count += 1;
    if (permit.order > refused.lastOrder) {
      refused.afterEachOther += 1;
      refused.lastOrder = order;
    }
    if (permit.fillsWindow || !rate.isFound) {
      window = Math.max(1, size() - 1);
      if (window < SMALL_WINDOW) lowerRate(nowMs);
    } else if (!lowerRate(nowMs)) owe(1, nowMs);
    if (!isOpen()) return;
    // Five in a row: the number in flight is not what they are about.
    lowerRate(nowMs);
    restoreWindow();
    owe(refused.count - 1, nowMs);
  }

  function lowerRate(nowMs: number): boolean {
    const result = rate.slowDown(nowMs, isOpen());
    if (result === 'found') restoreWindow();
    if (result === 'random') isSearching = true;
    return result !== 'too-early';
  }

  function restoreWindow() {
    window = Math.max(before.window, Math.min(initial, max));
  }

  function owe(refusals: number, nowMs: number) {
    const most = MAX_DEBT_SECONDS * rate.passedPerSecond(nowMs);
    credit = Math.max(credit - refusals * SUCCESSES_PER_PROBE, -most);
  }

  return {
    get window() {
      return size();
    },
    /** Infinity until a rate limit is found. */
    get ratePerSecond() {
      return rate.perSecond;
    },
    get inFlight() {
      return inFlight;
    },
    /** Milliseconds until the next request may start. Infinity: not before one in flight has ended. */
    waitMs: (nowMs: number): number => {
      if (inFlight >= size()) return Number.POSITIVE_INFINITY;
      // After a pause one request goes ahead. The others wait for its response.
      if (isOpen() && inFlight > 0 && nowMs >= pausedUntilMs) return Number.POSITIVE_INFINITY;
      return Math.max(0, pausedUntilMs - nowMs, rate.waitMs(nowMs));
    },
    start: (nowMs: number): Permit => {
      inFlight += 1;
      order += 1;
      rate.start(nowMs);
      return { order, fillsWindow: inFlight >= size() };
    },
    end: (permit: Permit, outcome: RequestOutcome, nowMs: number) => {
      inFlight -= 1;
      if (outcome === 'throttled') return refuse(permit, nowMs);
      refused = { ...refused, count: 0, afterEachOther: 0 };
      pauseMs = 0;
      if (outcome === 'success') pass(permit, nowMs);
    },
  };
}
