import { describe, expect, test } from 'vitest';
import { type Limit, type Upstream, upstream } from '../../../support/studio/upstream.ts';

/** What a governor makes of 429s that come whatever one does. */

const none: Limit = { kind: 'in-flight', limit: Number.POSITIVE_INFINITY };
const MAX = 64;

const shares = [0.01, 0.03, 0.05, 0.1, 0.2, 0.3, 0.5];
const ways: [string, (share: number) => Partial<Upstream>][] = [
  ['at random', (share) => ({ refusedAt: () => share })],
  ['each so manieth', (share) => ({ everyNth: Math.round(1 / share) })],
];

describe.each(ways)('429s without a limit, %s', (_, way) => {
  test.each(shares)('of a share of %d cost little more than themselves', (share) => {
    const { per } = upstream({ seconds: 60, max: MAX, limitAt: () => none, ...way(share) });
    const most = (MAX * (1 - share) * 1_000) / 31.5;
    // A hundredth is too little to be told from what probing costs: then it is as fast as 16 at once.
    expect(succeeded(per.slice(20)) / 40).toBeGreaterThan(share > 0.01 ? 0.75 * most : 500);
  });

  test.each(shares)('of a share of %d are told from a limit at 300 ms, too', (share) => {
    const { per } = upstream({
      seconds: 120,
      max: MAX,
      limitAt: () => none,
      latencyMs: () => 300,
      ...way(share),
    });
    // 16 at once, come what may.
    const fixed = (16 * (1 - share) * 1_000) / 301.5;
    expect(succeeded(per.slice(40)) / 80).toBeGreaterThan(fixed);
  });

  test.each(shares.slice(1, 6))('of a share of %d do not hide a limit of 50 in flight', (share) => {
    const { per } = upstream({
      seconds: 60,
      limitAt: () => ({ kind: 'in-flight', limit: 50 }),
      ...way(share),
    });
    const later = per.slice(15);
    expect(succeeded(later) / ((later.length * 50 * 1_000) / 31.5)).toBeGreaterThan(0.8);
    expect(shareRefused(later)).toBeLessThan(1.5 * share + 0.05);
  });

  test.each(shares.slice(1, 6))('of a share of %d do not hide a limit of 100 a second', (share) => {
    const { per } = upstream({
      seconds: 60,
      limitAt: () => ({ kind: 'in-any-second', limit: 100 }),
      ...way(share),
    });
    const later = per.slice(15);
    expect(succeeded(later) / (later.length * 100)).toBeGreaterThan(0.65);
    expect(shareRefused(later)).toBeLessThan(1.5 * share + 0.08);
  });
});

describe('chance', () => {
  test('that is over does not hide a limit for longer than half a minute', () => {
    const refusedAt = (ms: number) => (ms < 20_000 ? 0.5 : 0);
    const { per } = upstream({
      seconds: 90,
      limitAt: () => ({ kind: 'in-any-second', limit: 100 }),
      refusedAt,
    });
    const later = per.slice(60);
    expect(succeeded(later) / (later.length * 100)).toBeGreaterThan(0.85);
    expect(shareRefused(later)).toBeLessThan(0.05);
  });

  test('that begins, or grows, where a limit was known leaves it in use', () => {
    const limitAt = () => ({ kind: 'in-flight' as const, limit: 50 });
    for (const before of [0, 0.05]) {
      const refusedAt = (ms: number) => (ms < 20_000 ? before : 0.2);
      const later = upstream({ seconds: 80, limitAt, refusedAt }).per.slice(30);
      expect(succeeded(later) / ((later.length * 50 * 1_000) / 31.5)).toBeGreaterThan(0.7);
    }
  });
});

type Second = { succeeded: number; refused: number };
function succeeded(seconds: readonly Second[]): number {
  return seconds.reduce((total, second) => total + second.succeeded, 0);
}
function shareRefused(seconds: readonly Second[]): number {
  const refused = seconds.reduce((total, second) => total + second.refused, 0);
  return refused / (refused + succeeded(seconds));
}
