import { describe, expect, it } from 'vitest';
import { createThroughput } from '../../../../infra/local/terminal/throughput.ts';

const START = Date.parse('2026-11-22T12:00:00Z');
const fromStart = { fromStart: true };

describe('the pace', () => {
  it('is unknown until something has changed, then what was done over the time', () => {
    const pace = createThroughput(fromStart);
    expect(pace(0, 1_000, START)).toBeNull();
    expect(pace(0, 1_000, START + 500)).toBeNull();
    expect(pace(200, 1_000, START + 2_000)).toEqual({ donePerSecond: 100, leftMs: 8_000 });
    expect(pace(200, null, START + 3_000)).toEqual({ donePerSecond: 100, leftMs: null });
  });

  it('forgets what was long ago', () => {
    const pace = createThroughput(fromStart);
    pace(0, null, START);
    for (let second = 1; second <= 100; second++)
      pace(second * (second > 50 ? 10 : 1), null, START + second * 1_000);
    expect(pace(1_010, null, START + 101_000)?.donePerSecond).toBeCloseTo(10, 0);
  });

  it('of one that ran before counts from the end of the first step that was seen', () => {
    const pace = createThroughput({ fromStart: false });
    expect(pace(0, 10_000, START)).toBeNull();
    expect(pace(1_900, 10_000, START + 1_500)).toBeNull();
    expect(pace(1_900, 10_000, START + 3_000)).toBeNull();
    expect(pace(4_900, 10_000, START + 6_500)).toEqual({ donePerSecond: 600, leftMs: 8_500 });
  });

  it('is not told any more of a purge that has been silent for a minute', () => {
    const pace = createThroughput(fromStart);
    pace(0, null, START);
    expect(pace(100, null, START + 1_000)).not.toBeNull();
    expect(pace(100, null, START + 61_000)).not.toBeNull();
    expect(pace(100, null, START + 61_001)).toBeNull();
  });
});
