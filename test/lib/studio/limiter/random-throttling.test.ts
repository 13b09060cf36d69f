import { describe, expect, test } from 'vitest';
import { type Limit, type Upstream, upstream } from '../../../support/studio/queue-model.ts';

/** 429s that come whatever the limiter does are survived: no crawl, and no busy loop. */

const none: Limit = { kind: 'in-flight', limit: Number.POSITIVE_INFINITY };
const inFlight: Limit = { kind: 'in-flight', limit: 50 };
const MAX = 64;

const ways: [string, (share: number) => Partial<Upstream>][] = [
  ['at random', (share) => ({ refusedAt: () => share })],
  ['at every nth request', (share) => ({ everyNth: Math.round(1 / share) })],
];

describe.each(ways)('429s without a limit, %s', (_, way) => {
  // One percent looks like what probing costs. It leaves as much as one request at a time at least.
  test.each([
    [0.01, 0.03],
    [0.03, 0.5],
    [0.1, 0.5],
    [0.2, 0.5],
  ])('of a share of %d leave a share of at least %d of the throughput', (share, least) => {
    const { per } = upstream({ seconds: 60, max: MAX, limitAt: () => none, ...way(share) });
    const most = (MAX * (1 - share) * 1_000) / 31.5;
    const later = per.slice(20);
    expect(succeeded(later) / later.length / most).toBeGreaterThan(least);
    expect(shareRefused(later)).toBeLessThan(1.5 * share);
  });

  test('are survived at a latency of 300 ms, too', () => {
    const limitAt = () => none;
    const { per } = upstream({ seconds: 120, max: MAX, limitAt, latencyMs: () => 300, ...way(0.1) });
    expect(succeeded(per.slice(40)) / 80).toBeGreaterThan((8 * 0.9 * 1_000) / 301.5);
  });

  test('leave a limit in use', () => {
    const one = upstream({ seconds: 60, limitAt: () => inFlight, ...way(0.1) }).per.slice(15);
    expect(succeeded(one) / ((one.length * 50 * 1_000) / 31.5)).toBeGreaterThan(0.6);
    expect(shareRefused(one)).toBeLessThan(0.3);
    const limitAt = (): Limit => ({ kind: 'in-any-second', limit: 100 });
    const other = upstream({ seconds: 60, limitAt, ...way(0.1) }).per.slice(15);
    expect(succeeded(other) / (other.length * 100)).toBeGreaterThan(0.4);
    expect(shareRefused(other)).toBeLessThan(0.3);
  });
});

describe('random 429s', () => {
  test('that are over do not hide a limit for longer than half a minute', () => {
    const refusedAt = (ms: number) => (ms < 20_000 ? 0.2 : 0);
    const limitAt = (): Limit => ({ kind: 'in-any-second', limit: 100 });
    const later = upstream({ seconds: 90, limitAt, refusedAt }).per.slice(60);
    expect(succeeded(later) / (later.length * 100)).toBeGreaterThan(0.85);
    expect(shareRefused(later)).toBeLessThan(0.05);
  });

  test('that begin, or become more, where a limit was known leave it in use', () => {
    for (const before of [0, 0.05]) {
      const refusedAt = (ms: number) => (ms < 20_000 ? before : 0.2);
      const later = upstream({ seconds: 80, limitAt: () => inFlight, refusedAt }).per.slice(30);
      expect(succeeded(later) / ((later.length * 50 * 1_000) / 31.5)).toBeGreaterThan(0.3);
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
