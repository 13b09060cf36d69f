import { createAdaptiveLimit } from '../../../lib/studio/limiter/adaptive-limit.ts';

/**
 * A queue before a server with a limit, on a virtual clock: seconds take milliseconds. It models load for the
 * limiter, and knows nothing of Studio.
 */
export type Upstream = {
  seconds: number;
  max?: number;
  /** Infinity in flight where there is none. */
  limitAt(nowMs: number): Limit;
  latencyMs?(random: () => number): number;
  /** What is refused by chance, whatever the limits. */
  refusedAt?(nowMs: number): number;
  /** Refuses every nth request, whatever the limits. */
  everyNth?: number;
  /** From when to when everything that was let in fails in another way. */
  down?: { fromMs: number; toMs: number };
  /** From when to when what was let in is not answered at all: the caller gives up on it. */
  silent?: { fromMs: number; toMs: number };
  /** How soon it says 429. */
  refusalMs?(random: () => number): number;
  /** The limiter under test, if not the library's. */
  create?: typeof createAdaptiveLimit;
};

/** `per-second` counts from each full second on, `in-any-second` over the one before each request. */
export type Limit =
  | { kind: 'in-flight' | 'per-second' | 'in-any-second'; limit: number }
  /** A bucket of tokens that holds so many, filled with `limit` tokens a second. */
  | { kind: 'bucket'; limit: number; holds: number };

/** Each way, in milliseconds: what is in flight here is not quite what is in flight there. */
const NETWORK_MS = { least: 0.5, spread: 0.5 };
/** How long the caller waits for an answer. */
const PATIENCE_MS = 10_000;

export function upstream({
  seconds,
  max = 512,
  limitAt,
  latencyMs = () => 30,
  refusalMs = () => 1,
  refusedAt = () => 0,
  everyNth = Number.POSITIVE_INFINITY,
  down = { fromMs: 0, toMs: 0 },
  silent = { fromMs: 0, toMs: 0 },
  create = createAdaptiveLimit,
}: Upstream) {
  const random = seeded(7);
  const events = createEvents();
  const adaptive = create({ initial: 8, max });
  const per = Array.from({ length: seconds }, () => ({ succeeded: 0, refused: 0 }));
  let nowMs = 0;
  let busy = 0;
  let peak = 0;
  let second = -1;
  let inSecond = 0;
  let asked = 0;
  let tokens = Number.POSITIVE_INFINITY;
  let filledMs = 0;
  const lastSecond: number[] = [];
  let wakesAtMs = Number.POSITIVE_INFINITY;

  function admits(): boolean {
    const limits = limitAt(nowMs);
    const { kind, limit } = limits;
    asked += 1;
    if (asked % everyNth === 0 || random() < refusedAt(nowMs)) return false;
    if (kind === 'in-flight') return busy < limit;
    if (kind === 'bucket') {
      tokens = Math.min(limits.holds, tokens + ((nowMs - filledMs) / 1_000) * limit);
      filledMs = nowMs;
      if (tokens < 1) return false;
      tokens -= 1;
      return true;
    }
    if (kind === 'in-any-second') {
      while ((lastSecond[0] ?? nowMs) <= nowMs - 1_000) lastSecond.shift();
      return lastSecond.length < limit && lastSecond.push(nowMs) > 0;
    }
    const present = Math.floor(nowMs / 1_000);
    if (present !== second) inSecond = 0;
    second = present;
    inSecond += 1;
    return inSecond <= limit;
  }

  function startAll() {
    for (
      let waitMs = adaptive.waitMs(nowMs);
      waitMs !== Number.POSITIVE_INFINITY;
      waitMs = adaptive.waitMs(nowMs)
    ) {
      if (waitMs > 0) return wakeAt(Math.ceil(nowMs + waitMs));
      startOne();
    }
  }

  function wakeAt(atMs: number) {
    if (atMs >= wakesAtMs) return;
    wakesAtMs = atMs;
    events.add(atMs, () => {
      wakesAtMs = Number.POSITIVE_INFINITY;
      startAll();
    });
  }

  function startOne() {
    const ticket = adaptive.start(nowMs);
    peak = Math.max(peak, adaptive.inFlight);
    const network = () => NETWORK_MS.least + NETWORK_MS.spread * random();
    events.add(nowMs + network(), () => {
      const admitted = admits();
      if (admitted) busy += 1;
      const isSilent = admitted && isDuring(silent, nowMs);
      const answerMs = isSilent ? PATIENCE_MS : admitted ? latencyMs(random) : refusalMs(random);
      events.add(nowMs + answerMs, () => {
        if (admitted) busy -= 1;
        events.add(nowMs + network(), () => {
          const counts = per[Math.floor(nowMs / 1_000)];
          const isLost = isSilent || (admitted && isDuring(down, nowMs));
          if (counts && !isLost) counts[admitted ? 'succeeded' : 'refused'] += 1;
          adaptive.end(ticket, isLost ? 'other' : admitted ? 'success' : 'throttled', nowMs);
          startAll();
        });
      });
    });
  }

  startAll();
  for (let event = events.next(); event && event.atMs < seconds * 1_000; event = events.next()) {
    nowMs = event.atMs;
    event.happen();
  }
  const succeeded = per.reduce((total, one) => total + one.succeeded, 0);
  const refused = per.reduce((total, one) => total + one.refused, 0);
  const meanMs = mean(() => latencyMs(random)) + 2 * NETWORK_MS.least + NETWORK_MS.spread;
  const { limit } = limitAt(0);
  const used = succeeded / ((seconds * 1_000 * limit) / meanMs);
  return { adaptive, per, peak, refused, share: refused / (succeeded + refused), used };
}

function isDuring({ fromMs, toMs }: { fromMs: number; toMs: number }, nowMs: number): boolean {
  return nowMs >= fromMs && nowMs < toMs;
}

type Event = { atMs: number; happen: () => void };

/** A binary heap: the next event first. */
function createEvents() {
  const heap: Event[] = [];
  const isBefore = (a: number, b: number) =>
    (heap[a]?.atMs ?? 0) < (heap[b]?.atMs ?? Number.POSITIVE_INFINITY);
  const swap = (a: number, b: number) => {
    const [one, other] = [heap[a], heap[b]];
    if (one && other) [heap[a], heap[b]] = [other, one];
  };
  return {
    add: (atMs: number, happen: () => void) => {
      let at = heap.push({ atMs, happen }) - 1;
      while (at > 0 && isBefore(at, (at - 1) >> 1)) {
        swap(at, (at - 1) >> 1);
        at = (at - 1) >> 1;
      }
    },
    next: (): Event | undefined => {
      const [first] = heap;
      const last = heap.pop();
      if (last === undefined || heap.length === 0) return first;
      heap[0] = last;
      for (let at = 0; ; ) {
        const left = 2 * at + 1;
        const least = left + 1 < heap.length && isBefore(left + 1, left) ? left + 1 : left;
        if (least >= heap.length || !isBefore(least, at)) return first;
        swap(at, least);
        at = least;
      }
    },
  };
}

/** Always the same numbers from 0 to 1 (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function mean(draw: () => number): number {
  const draws = 5_000;
  let total = 0;
  for (let index = 0; index < draws; index += 1) total += draw();
  return total / draws;
}
