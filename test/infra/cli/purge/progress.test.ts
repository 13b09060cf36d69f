import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it } from 'vitest';
import { createProgress } from '../../../../infra/cli/purge/progress.ts';
import { somebody } from '../terminal.ts';

const START = Date.parse('2026-11-22T12:00:00Z');

describe('progress', () => {
  const at = (columns: number, isTTY = true) => {
    const clock = { nowMs: START };
    const io = somebody({ columns, isTTY, now: () => clock.nowMs });
    const last = () => stripVTControlCharacters(io.said().split('\r').at(-1) ?? '');
    return { clock, io, last, progress: createProgress(io) };
  };

  it.each([80, 60, 40])('fits into a terminal of %i columns', (columns) => {
    const { clock, last, progress } = at(columns);
    progress.show(0, 18_456_000);
    clock.nowMs += 10_000;
    progress.show(12_345_000, 18_456_000);
    expect(last()).toContain('66 %');
    expect(last().length).toBeLessThan(columns);
  });

  it('has a bar, a share, numbers, a rate and the time left', () => {
    const { clock, last, progress } = at(80);
    progress.show(0, 20_000);
    clock.nowMs += 10_000;
    progress.show(5_000, 20_000);
    expect(last()).toMatch(/^ {2}━+┄+ {2}25 % {2}5,000 of 20,000 {2}500\/s {2}30 s left$/);
  });

  it('keeps its bar as short as the longest numbers made it', () => {
    const { clock, last, progress } = at(70);
    const width = () => (/[━┄]+/.exec(last()) ?? [''])[0].length;
    progress.show(0, 200_000);
    const first = width();
    clock.nowMs += 10_000;
    progress.show(15_000, 200_000);
    const second = width();
    clock.nowMs += 10_000;
    progress.show(199_000, 200_000);
    expect([first, second, width()]).toEqual([30, 18, 18]);
  });

  it('never says 100 % before the end', () => {
    const { last, progress } = at(80);
    progress.show(19_999, 20_000);
    expect(last()).toContain('99 %');
  });

  it('tells no rate of what it did not see', () => {
    const io = somebody({ now: () => clock.nowMs });
    const clock = { nowMs: START };
    const progress = createProgress(io, { fromStart: false });
    progress.show(0, 20_000);
    clock.nowMs += 1_000;
    progress.show(1_901, 20_000);
    expect(io.said()).not.toContain('/s');
    clock.nowMs += 1_500;
    progress.show(1_901, 20_000);
    expect(io.said()).toContain('9 %  1,901 of 20,000  watched for 3 s');
    clock.nowMs += 1_500;
    progress.show(3_901, 20_000);
    expect(io.said()).toContain('19 %  3,901 of 20,000  667/s  24 s left');
  });

  it('has no bar where nobody knows how many there are', () => {
    const { last, progress } = at(80);
    progress.show(5_000, null);
    expect(last()).toBe('  5,000 done');
  });

  it('is a plain line every ten seconds where there is no terminal', () => {
    const { clock, io, progress } = at(80, false);
    for (let second = 0; second <= 25; second++) {
      progress.show(second * 10, 1_000);
      clock.nowMs += 1_000;
    }
    expect(io.said()).toBe(
      '  10 %  100 of 1,000  10/s  1 min 30 s left\n  20 %  200 of 1,000  10/s  1 min 20 s left\n',
    );
  });
});
