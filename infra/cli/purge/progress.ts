import { progress as progressBar, settings, spinner } from '@clack/prompts';
import { createThroughput, SILENT_MS, type Throughput } from '../../local/terminal/throughput.ts';
import { count, lasting } from '../format.ts';
import { type Io, say } from '../io.ts';

/** The progress of a purge: a bar at a terminal, a line now and then elsewhere. */

const GAP = '  ';
const MAX_BAR = 30;
const MIN_BAR = 8;
/** What stands beside the bar, apart from the total, which is there twice. */
const TEXT_COLUMNS = 46;
const DEFAULT_COLUMNS = 80;
const PLAIN_LINE_MS = 10_000;

/** `startedMs` and `updatedMs` by the API's clock. `total`: null where it is unknown. */
export type Seen = { done: number; total: number | null; startedMs: number; updatedMs: number };

export type Progress = {
  show(seen: Seen): void;
  /** Shows the same at a terminal, with the time that has passed since. */
  tick(): void;
  /** Shows a text instead of the numbers until the next `show`. */
  note(text: string): void;
  clear(): void;
};

export function createProgress(
  io: Pick<Io, 'out' | 'now'>,
  { unit = 'done' }: { unit?: string } = {},
): Progress {
  const throughputAt = createThroughput({ fromStart: true });
  let bar: Bar | null = null;
  let seen: Seen | undefined;
  let throughput: Throughput | null = null;
  let heardMs = io.now();
  let changedMs = io.now();
  let lastLineMs = io.now();
  let lastText = '';

  const write = (text: string, { done, total }: Pick<Seen, 'done' | 'total'>) => {
    if (io.out.isTTY) {
      bar ??= startBar(io.out, total);
      bar.show(total ? done / total : 0, text);
    } else if (text !== lastText && io.now() - lastLineMs >= PLAIN_LINE_MS) {
      lastText = text;
      lastLineMs = io.now();
      say(io, `${GAP}${text}`);
    }
  };

  const draw = (now: Seen) => {
    const { done, total, startedMs, updatedMs } = now;
    const unchangedMs = io.now() - changedMs;
    const speed =
      throughput && unchangedMs <= SILENT_MS
        ? speedOf(throughput, unchangedMs)
        : [`running for ${lasting(updatedMs - startedMs + io.now() - heardMs)}`];
    write([...numbersOf(done, total, unit), ...speed].join(GAP), now);
  };

  return {
    show(next) {
      // The record knows when the purge began: what was not watched counts too.
      if (!seen) throughputAt(0, next.total, next.startedMs);
      throughput = throughputAt(next.done, next.total, next.updatedMs);
      heardMs = seen?.updatedMs === next.updatedMs ? heardMs : io.now();
      changedMs = seen?.done === next.done ? changedMs : io.now();
      seen = next;
      draw(next);
    },
    tick() {
      if (seen && io.out.isTTY) draw(seen);
    },
    note: (text) => write(text, seen ?? { done: 0, total: null }),
    clear() {
      bar?.clear();
      bar = null;
    },
  };
}

/** With nothing done yet there is no share to show. */
function numbersOf(done: number, total: number | null, unit: string): string[] {
  if (total === null) return [`${count(done)} ${unit}`];
  const numbers = `${count(done)} of ${count(total)}`;
  return done === 0 ? [numbers] : [`${Math.floor((Math.min(done, total) / total) * 100)} %`, numbers];
}

/** The time left runs on until the next numbers come, and is left out once it has passed. */
function speedOf({ donePerSecond, leftMs }: Throughput, sinceMs: number): string[] {
  const rate = donePerSecond < 10 ? donePerSecond.toFixed(1) : count(Math.round(donePerSecond));
  const left = leftMs === null ? 0 : leftMs - sinceMs;
  return [`${rate}/s`, ...(left > 0 ? [`${lasting(left)} left`] : [])];
}

type Bar = { show(share: number, text: string): void; clear(): void };

/** A spinner alone where there is no total, or no room for a bar. */
function startBar(output: Io['out'], total: number | null): Bar {
  // While it spins, clack ends the process, with 0, at these keys (its issue 573). The caller listens to them.
  const cancelKeys = [...settings.aliases].filter(([, action]) => action === 'cancel');
  for (const [key] of cancelKeys) settings.aliases.delete(key);
  const room = (output.columns || DEFAULT_COLUMNS) - TEXT_COLUMNS - 2 * count(total ?? 0).length;
  const size = Math.min(MAX_BAR, room);
  const options = { output, withGuide: false, cancelMessage: 'Interrupted' };
  const bar = total !== null && size >= MIN_BAR ? progressBar({ ...options, size, max: size }) : null;
  const spinning = bar ?? spinner(options);
  spinning.start();
  let drawn = 0;
  return {
    show(share, text) {
      if (!bar) return spinning.message(text);
      const cells = Math.floor(Math.min(1, share) * size);
      bar.advance(cells - drawn, text);
      drawn = cells;
    },
    clear() {
      spinning.clear();
      for (const [key, action] of cancelKeys) settings.aliases.set(key, action);
    },
  };
}
