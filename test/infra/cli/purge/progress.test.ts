import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it } from 'vitest';
import { createProgress } from '../../../../infra/cli/purge/progress.ts';
import { somebody } from '../../../support/cli/terminal.ts';

const START = Date.parse('2026-11-22T12:00:00Z');
/** Of whoever counts: another clock than the terminal's. */
const THERE = Date.parse('2026-11-22T11:57:00Z');

describe('progress', () => {
  const at = (columns = 80, isTTY = true) => {
    const clock = { nowMs: START };
    const io = somebody({ columns, isTTY, now: () => clock.nowMs });
    const last = () => stripVTControlCharacters(io.said().split('\r').at(-1) ?? '');
    const progress = createProgress(io);
    /** These numbers, of so many milliseconds after the beginning. */
    const show = (ms: number, done: number, total: number | null) =>
      progress.show({ done, total, startedMs: THERE, updatedMs: THERE + ms });
    const tick = (ms: number) => {
      clock.nowMs += ms;
      progress.tick();
      return last();
    };
    return { clock, io, last, show, tick };
  };

  it.each([80, 60, 40])('fits into a terminal of %i columns', (columns) => {
    const { last, show } = at(columns);
    show(0, 0, 18_456_000);
    expect(last().length).toBeLessThan(columns);
    show(10_000, 12_345_000, 18_456_000);
    expect(last()).toContain('66 %');
    expect(last().length).toBeLessThan(columns);
  });

  it('has a bar, a share, numbers, a rate and the time left', () => {
    const { last, show } = at();
    show(0, 0, 20_000);
    show(10_000, 5_000, 20_000);
    expect(last()).toMatch(/^ {2}━+┄+ {2}25 % {2}5,000 of 20,000 {2}500\/s {2}30 s left$/);
  });

  it('moves while nothing is done yet, and says for how long', () => {
    const { last, show, tick } = at();
    show(1_000, 0, 20_000);
    expect(last()).toMatch(/^ {2}┄{2}━{3}┄+ {2}0 of 20,000 {2}running for 1 s$/);
    expect(tick(500)).toMatch(/^ {2}┄{3}━{3}┄+ {2}/);
    expect(tick(3_500)).toMatch(/^ {2}┄{10}━{3}┄+ {2}0 of 20,000 {2}running for 5 s$/);
    for (let step = 0; step < 100; step++) expect(tick(500)).toMatch(/^ {2}(?=[┄━]{30} )┄*━{3}┄* {2}0 of/);
  });

  it('keeps its bar as short as the longest numbers made it', () => {
    const { last, show } = at(70);
    const width = () => (/[━┄]+/.exec(last()) ?? [''])[0].length;
    show(0, 0, 200_000);
    const first = width();
    show(10_000, 15_000, 200_000);
    const second = width();
    show(20_000, 199_000, 200_000);
    expect([first, second, width()]).toEqual([30, 18, 18]);
  });

  it('never says 100 % before the end', () => {
    const { last, show } = at();
    show(1_000, 19_999, 20_000);
    expect(last()).toContain('99 %');
  });

  it('knows at once how fast one goes that began long before it was watched', () => {
    const { clock, last, show } = at();
    show(10_000, 2_000, 20_000);
    expect(last()).toContain('10 %  2,000 of 20,000  200/s  1 min 30 s left');
    // Seen late: the time that counts is that of the record.
    clock.nowMs += 300;
    show(15_000, 3_000, 20_000);
    expect(last()).toContain('15 %  3,000 of 20,000  200/s  1 min 25 s left');
  });

  it('lets the time left run on between two numbers, and does not tell it when it should be over', () => {
    const { show, tick } = at();
    show(0, 0, 1_000);
    show(9_000, 900, 1_000);
    expect(tick(400)).toContain('100/s  1 s left');
    expect(tick(600)).toMatch(/100\/s$/);
  });

  it('says for how long it runs, and no rate, when nothing has changed for a minute', () => {
    const { show, tick } = at();
    show(0, 0, 1_000);
    show(10_000, 100, 1_000);
    expect(tick(60_000)).toContain('10/s  30 s left');
    expect(tick(1)).toContain('10 %  100 of 1,000  running for 1 min 10 s');
  });

  it('has no bar where nobody knows how many there are', () => {
    const { last, show } = at();
    show(10_000, 5_000, null);
    expect(last()).toBe('  5,000 done  500/s');
  });

  it('is a plain line every ten seconds where there is no terminal', () => {
    const { io, show, tick } = at(80, false);
    for (let second = 0; second <= 25; second++) {
      show(second * 1_000, second * 10, 1_000);
      tick(1_000);
    }
    expect(io.said()).toBe(
      '  10 %  100 of 1,000  10/s  1 min 30 s left\n  20 %  200 of 1,000  10/s  1 min 20 s left\n',
    );
  });
});
