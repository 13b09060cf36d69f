import { describe, expect, test } from 'vitest';
import { realClock } from '../../../infra/local/clock.ts';
import { manualClock, travellingClock } from '../../support/local/clocks.ts';

describe('a manual clock', () => {
  test('runs what falls due, in the order of time, and shows each its own time', () => {
    const clock = manualClock(1_000);
    const ran: [string, number][] = [];
    clock.after(200, () => ran.push(['second', clock.now()]));
    clock.after(100, () => {
      ran.push(['first', clock.now()]);
      clock.after(50, () => ran.push(['begun by the first', clock.now()]));
    });
    clock.after(900, () => ran.push(['too late', clock.now()]));
    clock.advance(500);
    expect(ran).toEqual([
      ['first', 1_100],
      ['begun by the first', 1_150],
      ['second', 1_200],
    ]);
    expect(clock.now()).toBe(1_500);
  });

  test('does not run what was cancelled', () => {
    const clock = manualClock(0);
    const cancel = clock.after(10, () => {
      throw new Error('it ran');
    });
    cancel();
    clock.advance(20);
  });
});

describe('the real clock', () => {
  test('runs after its delay, unless cancelled', async () => {
    const ran: string[] = [];
    realClock.after(1, () => ran.push('cancelled'))();
    await new Promise<void>((resolve) => realClock.after(2, resolve));
    expect(ran).toEqual([]);
  });
});

test('a travelling clock runs on from where it was set', () => {
  const clock = travellingClock();
  const before = Date.now();
  clock.travel(1_000_000);
  clock.travel(500_000);
  expect(clock.now() - before).toBeGreaterThanOrEqual(1_500_000);
  expect(clock.now() - before).toBeLessThan(1_560_000);
  expect(clock.offsetMs?.[0]).toBe(1_500_000);
});
