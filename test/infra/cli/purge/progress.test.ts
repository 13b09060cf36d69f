import { stripVTControlCharacters } from 'node:util';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { createProgress } from '../../../../infra/cli/purge/progress.ts';
import { somebody } from '../../../support/cli/terminal.ts';

const START = Date.parse('2026-11-22T12:00:00Z');
/** Of whoever counts: another clock than the terminal's. */
const THERE = Date.parse('2026-11-22T11:57:00Z');

const widest = (frame: string) => Math.max(...frame.split('\n').map(({ length }) => length));

/** clack draws a frame so often. */
const FRAME_MS = 80;

beforeEach(() => void vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] }));
afterEach(() => void vi.useRealTimers());

describe('progress', () => {
  const at = (columns = 80, isTTY = true) => {
    const clock = { nowMs: START };
    const io = somebody({ columns, isTTY, now: () => clock.nowMs });
    const progress = createProgress(io);
    onTestFinished(() => progress.clear());
    const last = () => {
      vi.advanceTimersByTime(FRAME_MS);
      // Without the spinner, and the dots that it adds.
      const frame = stripVTControlCharacters(io.said().split('\u001b[J').at(-1) ?? '');
      return frame.replace(/^. {2}/, '').replace(/\.*$/, '');
    };
    /** These numbers, of so many milliseconds after the beginning. */
    let shown: [ms: number, done: number, total: number | null] = [0, 0, null];
    const show = (ms: number, done: number, total: number | null) => {
      shown = [ms, done, total];
      progress.show({ done, total, startedMs: THERE, updatedMs: THERE + ms });
    };
    /** The same numbers later. */
    const tick = (ms: number) => {
      clock.nowMs += ms;
      show(...shown);
      return last();
    };
    return { clock, io, last, show, tick };
  };

  it.each([80, 60, 40])('fits into a terminal of %i columns', (columns) => {
    const { last, show } = at(columns);
    show(0, 0, 18_456_000);
    expect(widest(last())).toBeLessThan(columns);
    show(10_000, 12_345_000, 18_456_000);
    expect(last()).toContain('66 %');
    expect(widest(last())).toBeLessThanOrEqual(columns);
  });

  it('has a bar, a share, numbers, a rate and the time left', () => {
    vi.stubEnv('FORCE_COLOR', '1');
    onTestFinished(() => void vi.unstubAllEnvs());
    const { io, last, show } = at();
    show(0, 0, 20_000);
    show(10_000, 5_000, 20_000);
    expect(last()).toMatch(/^━{22} 25 % {2}5,000 of 20,000 {2}500\/s {2}30 s left$/);
    // A quarter of it is not dim.
    expect(io.said()).toContain(`${'━'.repeat(5)}\u001b[39m\u001b[2m${'━'.repeat(17)}\u001b`);
  });

  it('says for how long it runs while nothing is done yet', () => {
    const { last, show, tick } = at();
    show(1_000, 0, 20_000);
    expect(last()).toMatch(/^━+ 0 of 20,000 {2}running for 1 s$/);
    expect(tick(4_000)).toMatch(/^━+ 0 of 20,000 {2}running for 5 s$/);
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
    expect(last()).toBe('5,000 done  500/s');
  });

  it('leaves Ctrl-C to its caller, where clack would end the process', () => {
    const exit = vi.spyOn(process, 'exit').mockImplementation(() => undefined as never);
    onTestFinished(() => exit.mockRestore());
    const { last, show } = at();
    show(0, 0, 1_000);
    last();
    process.stdin.emit('keypress', '\u0003', { name: 'c', ctrl: true, sequence: '\u0003' });
    expect(exit).not.toHaveBeenCalled();
  });

  it('is a plain line every ten seconds where there is no terminal', () => {
    const { clock, io, show } = at(80, false);
    for (let second = 0; second <= 25; second++) {
      show(second * 1_000, second * 10, 1_000);
      clock.nowMs += 1_000;
    }
    expect(io.said()).toBe(
      '  10 %  100 of 1,000  10/s  1 min 30 s left\n  20 %  200 of 1,000  10/s  1 min 20 s left\n',
    );
  });
});
