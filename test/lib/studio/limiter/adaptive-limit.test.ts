import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createAdaptiveLimit } from '../../../../lib/studio/limiter/adaptive-limit.ts';
import { type Upstream, upstream } from '../../../support/studio/queue-model.ts';

/** The adaptive limit before a simulated upstream, both on one virtual clock: what it gets through, and what it costs. */

const inFlight = (limit: number) => ({ kind: 'in-flight' as const, limit });
const perSecond = (limit: number) => ({ kind: 'per-second' as const, limit });

describe('a limit of requests in flight', () => {
  describe.each([5, 10, 50, 200, 500])('of %i', (limit) => {
    test.each<[string, Partial<Upstream>]>([
      ['30 ms', {}],
      ['20 to 40 ms', { latencyMs: (random) => 20 + 20 * random() }],
      ['10 ms and a long tail', { latencyMs: (random) => 10 - 20 * Math.log(1 - random()) }],
      ['30 ms, its 429s as slow', { refusalMs: () => 30 }],
    ])('is used to 90 percent at %s, with at most 2 percent refused', (_, options) => {
      const { share, used } = upstream({ seconds: 20, limitAt: () => inFlight(limit), ...options });
      expect(used).toBeGreaterThan(0.9);
      expect(share).toBeLessThan(0.02);
    });
  });

  test.each([
    [50, 5],
    [500, 10],
    [5, 50],
    [10, 200],
  ])('that goes from %i to %i is found again, and used to 90 percent from then on', (before, after) => {
    const seconds = 60;
    const { per } = upstream({ seconds, limitAt: (ms) => inFlight(ms < 20_000 ? before : after) });
    const later = per.slice(40, seconds);
    const allowed = (later.length * after * 1_000) / 31.5;
    expect(sum(later, 'succeeded') / allowed).toBeGreaterThan(0.9);
    expect(sum(later, 'refused') / sum(later, 'succeeded')).toBeLessThan(0.02);
    // Found again within seconds: what was too many was refused once, not until it was halved often enough.
    const change = per.slice(20, 22);
    expect(sum(change, 'refused')).toBeLessThan(before + 20);
  });
});

describe('a limit of requests a second', () => {
  test.each([5, 20, 100, 500, 2_000])(
    'of %i is used to 90 percent in the long run, with at most 2 percent refused',
    (limit) => {
      const seconds = Math.max(40, 2_000 / limit);
      const { per } = upstream({ seconds, limitAt: () => perSecond(limit) });
      // The first seconds are for finding out: that there is such a limit shows when it is exhausted.
      const later = per.slice(5, seconds);
      expect(sum(later, 'succeeded') / (later.length * limit)).toBeGreaterThan(0.9);
      expect(sum(later, 'refused') / sum(later, 'succeeded')).toBeLessThan(0.02);
    },
  );

  test('that falls to a fiftieth is used again to the full, without asking for what was there before', () => {
    const { per } = upstream({ seconds: 240, limitAt: (ms) => perSecond(ms < 30_000 ? 1_000 : 20) });
    const later = per.slice(120);
    expect(sum(later, 'succeeded') / (later.length * 20)).toBeGreaterThan(0.95);
    expect(sum(later, 'refused') / sum(later, 'succeeded')).toBeLessThan(0.012);
  });

  test('shows as a rate, where a limit in flight does not', () => {
    expect(upstream({ seconds: 10, limitAt: () => perSecond(50) }).adaptive.ratePerSecond).toBeLessThan(60);
    expect(upstream({ seconds: 10, limitAt: () => inFlight(50) }).adaptive.ratePerSecond).toBe(
      Number.POSITIVE_INFINITY,
    );
  });

  test('that refuses everything is asked about once a second in the end', () => {
    const { per } = upstream({ seconds: 60, limitAt: (ms) => perSecond(ms < 5_000 ? 100 : 0) });
    expect(sum(per.slice(30, 60), 'refused')).toBeLessThan(60);
  });
});

describe('after an outage', () => {
  /** Of what 50 in flight allow, in the seconds from `from` on. */
  const usedFrom = (per: Second[], from: number) =>
    sum(per.slice(from), 'succeeded') / ((per.slice(from).length * 50 * 1_000) / 31.5);

  test.each([
    ['everything was refused from the beginning', { refusedAt: (ms: number) => (ms < 15_000 ? 1 : 0) }],
    [
      'everything was refused for a while',
      { refusedAt: (ms: number) => (ms > 10_000 && ms < 15_000 ? 1 : 0) },
    ],
    [
      'everything failed, and was refused in between',
      {
        down: { fromMs: 10_000, toMs: 15_000 },
        refusedAt: (ms: number) => (ms > 12_000 && ms < 12_500 ? 1 : 0),
      },
    ],
    [
      'nearly everything was refused, by chance',
      { refusedAt: (ms: number) => (ms > 10_000 && ms < 15_000 ? 0.9 : 0) },
    ],
  ] as [string, Partial<Upstream>][])('in which %s, the limit is used again', (_, options) => {
    const { per } = upstream({ seconds: 75, limitAt: () => inFlight(50), ...options });
    expect(usedFrom(per, 45)).toBeGreaterThan(0.9);
  });

  test.each([0.1, 0.2, 0.3])(
    'a share of %d of 429s that comes by chance does not slow everything down',
    (share) => {
      const { per } = upstream({ seconds: 120, limitAt: () => inFlight(50), refusedAt: () => share });
      expect(sum(per.slice(60), 'succeeded') / 60).toBeGreaterThan(500);
    },
  );

  test('and when chance has gone, the limit is used again', () => {
    const refusedAt = (ms: number) => (ms < 60_000 ? 0.2 : 0);
    const { per } = upstream({ seconds: 150, limitAt: () => inFlight(50), refusedAt });
    expect(usedFrom(per, 120)).toBeGreaterThan(0.9);
  });
});

describe('a start while others hold what upstream allows', () => {
  test.each([400, 1_000])('for %i ms is made up for within 15 seconds', (crowdMs) => {
    const limitAt = (ms: number) => inFlight(ms >= crowdMs ? 4 : Math.floor(ms / 50) % 4 === 1 ? 1 : 0);
    const { per } = upstream({ seconds: 30, limitAt, latencyMs: () => 20 });
    expect(sum(per.slice(15), 'succeeded') / 15).toBeGreaterThan(0.8 * ((4 * 1_000) / 21.5));
  });
});

describe('what was learnt in an outage', () => {
  test('of 429s and failures from the beginning is forgotten within half a minute', () => {
    const { per } = upstream({
      seconds: 75,
      limitAt: () => inFlight(50),
      refusedAt: (ms) => (ms < 15_000 ? 0.5 : 0),
      down: { fromMs: 0, toMs: 15_000 },
    });
    const allowed = (30 * 50 * 1_000) / 31.5;
    expect(sum(per.slice(45), 'succeeded') / allowed).toBeGreaterThan(0.9);
  });

  test('of 429s from the beginning does not hide a limit of requests a second', () => {
    const { per } = upstream({
      seconds: 75,
      limitAt: () => ({ kind: 'in-any-second', limit: 1_000 }),
      refusedAt: (ms) => (ms < 15_000 ? 1 : 0),
    });
    const later = per.slice(30);
    expect(sum(later, 'succeeded') / (later.length * 1_000)).toBeGreaterThan(0.9);
    expect(sum(later, 'refused') / sum(later, 'succeeded')).toBeLessThan(0.02);
  });
});

describe('silence', () => {
  test('holds what is in flight, and nothing of it is learnt', () => {
    const silent = { fromMs: 5_000, toMs: 10_000 };
    const { per } = upstream({ seconds: 40, limitAt: () => inFlight(50), silent });
    expect(sum(per.slice(20), 'succeeded') / ((20 * 50 * 1_000) / 31.5)).toBeGreaterThan(0.95);
  });
});

describe('the adaptive limit', () => {
  test('keeps to its maximum where there is no limit', () => {
    const { adaptive, peak, refused } = upstream({ seconds: 5, max: 64, limitAt: () => inFlight(10_000) });
    expect(refused).toBe(0);
    expect(adaptive.window).toBe(64);
    expect(peak).toBe(64);
  });

  test('does not grow where nothing more is wanted', () => {
    const limit = createAdaptiveLimit({ initial: 4, max: 512 });
    for (let ms = 0; ms < 10_000; ms += 10) limit.end(limit.start(ms), 'success', ms + 5);
    expect(limit.window).toBe(4);
  });

  test('learns nothing from what is neither a success nor a refusal', () => {
    const limit = createAdaptiveLimit({ initial: 4, max: 512 });
    const tickets = [0, 1, 2, 3].map((ms) => limit.start(ms));
    for (const ticket of tickets) limit.end(ticket, 'other', 50);
    expect(limit.window).toBe(4);
    expect(limit.inFlight).toBe(0);
  });

  test('sends one ahead after a pause, and the others when that one came through', () => {
    const limit = createAdaptiveLimit({ initial: 8, max: 8 });
    for (let refused = 0; refused < 5; refused += 1) limit.end(limit.start(refused), 'throttled', refused);
    const pauseMs = limit.waitMs(10);
    expect(pauseMs).toBeGreaterThan(0);
    const afterMs = 10 + 5_000;
    expect(limit.waitMs(afterMs)).toBe(0);
    const ahead = limit.start(afterMs);
    expect(limit.waitMs(afterMs + 5_000)).toBe(Number.POSITIVE_INFINITY);
    limit.end(ahead, 'success', afterMs + 5_000);
    limit.start(afterMs + 5_000);
    expect(limit.waitMs(afterMs + 10_000)).toBe(0);
  });

  test('whatever happens has a window from 1 to its maximum, and lets something through in the end', () => {
    const happening = fc.record({
      went: fc.constantFrom('success', 'throttled', 'throttled', 'other'),
      starts: fc.integer({ min: 0, max: 8 }),
      passMs: fc.integer({ min: 0, max: 400 }),
    });
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 40 }),
        fc.array(happening, { maxLength: 200 }),
        (max, happenings) => {
          const limit = createAdaptiveLimit({ initial: 4, max });
          const tickets: ReturnType<typeof limit.start>[] = [];
          let nowMs = 0;
          for (const { went, starts, passMs } of happenings) {
            for (let index = 0; index < starts && limit.waitMs(nowMs) === 0; index += 1)
              tickets.push(limit.start(nowMs));
            nowMs += passMs;
            const ticket = tickets.shift();
            if (ticket) limit.end(ticket, went, nowMs);
            expect(limit.window).toBeGreaterThanOrEqual(1);
            expect(limit.window).toBeLessThanOrEqual(max);
            expect(limit.inFlight).toBe(tickets.length);
            expect(limit.inFlight).toBeLessThanOrEqual(max);
            expect(limit.ratePerSecond).toBeGreaterThan(0);
            expect(limit.ratePerSecond).not.toBeNaN();
          }
          for (const ticket of tickets) limit.end(ticket, 'other', nowMs);
          // With nothing in flight there is an end to every wait.
          expect(limit.waitMs(nowMs)).toBeLessThanOrEqual(2_000);
        },
      ),
      { numRuns: 300 },
    );
  });
});

type Second = { succeeded: number; refused: number };
function sum(seconds: readonly Second[], what: keyof Second): number {
  return seconds.reduce((total, second) => total + second[what], 0);
}
