import { describe, expect, test } from 'vitest';
import { type Limit, upstream } from '../../../support/studio/queue-model.ts';

/** A limit of requests per second is found, however Studio counts. */

type Kind = (limit: number) => Limit;
const fixed: Kind = (limit) => ({ kind: 'per-second', limit });
const sliding: Kind = (limit) => ({ kind: 'in-any-second', limit });
const bucket =
  (seconds: number): Kind =>
  (limit) => ({ kind: 'bucket', limit, holds: seconds * limit });

const kinds: [string, Kind][] = [
  ['from each full second on', fixed],
  ['over any second', sliding],
  ['by a bucket of a second', bucket(1)],
  ['by a bucket of two seconds', bucket(2)],
  ['by a bucket of five seconds', bucket(5)],
];

describe.each(kinds)('a limit counted %s', (_, kind) => {
  test.each([100, 500, 2_000])(
    'of %i a second is used to 90 percent, with at most 2 percent refused',
    (limit) => {
      const seconds = limit < 100 ? 240 : 60;
      const { per } = upstream({ seconds, limitAt: () => kind(limit) });
      // The first seconds are for finding out: a bucket has to be emptied first.
      const later = per.slice(seconds / 4);
      expect(sum(later, 'succeeded') / (later.length * limit)).toBeGreaterThan(0.9);
      expect(shareRefused(later)).toBeLessThan(0.02);
    },
  );

  // Where a second knows so few, each 429 weighs much, and five seconds' burst has to be found out again and again.
  test.each([
    [5, 0.8, 0.035],
    [20, 0.9, 0.035],
  ])('of only %i a second is used to %d, with at most %d refused', (limit, least, most) => {
    const { per } = upstream({ seconds: 600, limitAt: () => kind(limit) });
    const later = per.slice(100);
    expect(sum(later, 'succeeded') / (later.length * limit)).toBeGreaterThan(least);
    expect(shareRefused(later)).toBeLessThan(most);
  });
});

describe.each(kinds.slice(0, 3))('a limit counted %s', (_, kind) => {
  test.each([
    [100, 20, 160],
    [1_000, 20, 1_500],
  ])('that falls from %i to %i a second costs at most %i 429s', (before, after, most) => {
    const { per } = upstream({ seconds: 80, limitAt: (ms) => kind(ms < 20_000 ? before : after) });
    // The rate is halved each second at most. A bucket passes some to its end, so that the circuit stays closed.
    expect(sum(per.slice(20), 'refused')).toBeLessThan(most);
    const later = per.slice(50);
    expect(sum(later, 'succeeded') / (later.length * after)).toBeGreaterThan(0.85);
    expect(shareRefused(later)).toBeLessThan(0.02);
  });

  test.each([
    [20, 200],
    [20, 1_000],
  ])('that rises from %i to %i a second is found again in 35 seconds', (before, after) => {
    const { per } = upstream({ seconds: 80, limitAt: (ms) => kind(ms < 20_000 ? before : after) });
    const later = per.slice(55);
    expect(sum(later, 'succeeded') / (later.length * after)).toBeGreaterThan(0.9);
    expect(shareRefused(later)).toBeLessThan(0.05);
  });

  test('in the place of a limit in flight is found, and the other way round', () => {
    const inFlight: Limit = { kind: 'in-flight', limit: 50 };
    const one = upstream({ seconds: 60, limitAt: (ms) => (ms < 20_000 ? inFlight : kind(100)) });
    expect(sum(one.per.slice(40), 'succeeded') / (20 * 100)).toBeGreaterThan(0.85);
    expect(shareRefused(one.per.slice(40))).toBeLessThan(0.05);
    const other = upstream({ seconds: 70, limitAt: (ms) => (ms < 20_000 ? kind(100) : inFlight) });
    expect(sum(other.per.slice(55), 'succeeded') / ((15 * 50 * 1_000) / 31.5)).toBeGreaterThan(0.85);
    expect(shareRefused(other.per.slice(55))).toBeLessThan(0.02);
  });
});

type Second = { succeeded: number; refused: number };
function sum(seconds: readonly Second[], what: keyof Second): number {
  return seconds.reduce((total, second) => total + second[what], 0);
}
function shareRefused(seconds: readonly Second[]): number {
  return sum(seconds, 'refused') / (sum(seconds, 'refused') + sum(seconds, 'succeeded'));
}
