import { createTerminal } from '../../local/terminal/terminal.ts';
import { createThroughput, SILENT_MS, type Throughput } from '../../local/terminal/throughput.ts';
import { count, lasting } from '../format.ts';
import { type Io, paint, say } from '../io.ts';

/** The progress of a purge: one line that is redrawn on a terminal, a line now and then elsewhere. */

const INDENT = '  ';
const GAP = '  ';
const MAX_BAR = 30;
const MIN_BAR = 8;
/** What moves along the bar while there is nothing to fill it with, a place so often. */
const MOVING = 3;
const STEP_MS = 500;
const DEFAULT_COLUMNS = 80;
/** Into a file or a log, so often. */
const PLAIN_LINE_MS = 10_000;

/** `startedMs` and `updatedMs`, the time of these numbers, by the clock of who counts. `total` null: nobody knows. */
export type Seen = { done: number; total: number | null; startedMs: number; updatedMs: number };

export type Progress = {
  show(seen: Seen): void;
  /** On a terminal, the same with the time that has passed since. */
  tick(): void;
  /** Instead of the numbers, until the next `show`. */
  note(text: string): void;
  clear(): void;
};

export function createProgress(
  io: Pick<Io, 'out' | 'env' | 'now'>,
  { unit = 'done' }: { unit?: string } = {},
): Progress {
  const terminal = createTerminal(io.out);
  const paceAt = createThroughput({ fromStart: true });
  /** It gives way to longer numbers, and does not come and go with them. */
  let barWidth = MAX_BAR;
  let seen: Seen | undefined;
  let pace: Throughput | null = null;
  let heardMs = io.now();
  let changedMs = io.now();
  let lastLineMs = io.now();
  let lastText = '';

  const plainly = (text: string) => {
    if (text === lastText || io.now() - lastLineMs < PLAIN_LINE_MS) return;
    lastText = text;
    lastLineMs = io.now();
    say(io, `${INDENT}${text}`);
  };

  const draw = ({ done, total, startedMs, updatedMs }: Seen) => {
    const runningMs = updatedMs - startedMs + (io.now() - heardMs);
    const unchangedMs = io.now() - changedMs;
    const speed =
      pace && unchangedMs <= SILENT_MS ? speedOf(pace, unchangedMs) : [`running for ${lasting(runningMs)}`];
    const text = [...numbersOf(done, total, unit), ...speed].join(GAP);
    if (!io.out.isTTY) return plainly(text);
    const room = (io.out.columns || DEFAULT_COLUMNS) - 1 - text.length - INDENT.length - GAP.length;
    barWidth = Math.max(MIN_BAR, Math.min(barWidth, room));
    const bar = () =>
      done === 0 ? movingBar(io, runningMs, barWidth) : barOf(io, done / Number(total), barWidth);
    terminal.status(`${INDENT}${total !== null && barWidth <= room ? `${bar()}${GAP}` : ''}${text}`);
  };

  return {
    show(next) {
      // The record knows when it began, and when it came so far: what nobody watched counts as well.
      if (!seen) paceAt(0, next.total, next.startedMs);
      pace = paceAt(next.done, next.total, next.updatedMs);
      heardMs = seen?.updatedMs === next.updatedMs ? heardMs : io.now();
      changedMs = seen?.done === next.done ? changedMs : io.now();
      seen = next;
      draw(next);
    },
    tick() {
      if (seen && io.out.isTTY) draw(seen);
    },
    note(text) {
      if (io.out.isTTY) terminal.status(`${INDENT}${text}`);
      else plainly(text);
    },
    clear: () => terminal.status(null),
  };
}

/** Of nothing done yet there is no share to tell: Studio's first answers are waited for. */
function numbersOf(done: number, total: number | null, unit: string): string[] {
  if (total === null) return [`${count(done)} ${unit}`];
  const numbers = `${count(done)} of ${count(total)}`;
  return done === 0 ? [numbers] : [`${Math.floor((Math.min(done, total) / total) * 100)} %`, numbers];
}

/** Until the next numbers come, the time left runs on; it is not told any more when it should be over. */
function speedOf({ donePerSecond, leftMs }: Throughput, sinceMs: number): string[] {
  const rate = donePerSecond < 10 ? donePerSecond.toFixed(1) : count(Math.round(donePerSecond));
  const left = leftMs === null ? 0 : leftMs - sinceMs;
  return [`${rate}/s`, ...(left > 0 ? [`${lasting(left)} left`] : [])];
}

function movingBar(io: Pick<Io, 'out' | 'env'>, ms: number, width: number): string {
  const before = Math.floor(ms / STEP_MS) % (width - MOVING + 1);
  return `${'┄'.repeat(before)}${paint(io, 'cyan', '━'.repeat(MOVING))}${'┄'.repeat(width - MOVING - before)}`;
}

function barOf(io: Pick<Io, 'out' | 'env'>, share: number, width: number): string {
  const full = Math.round(Math.min(1, Number.isFinite(share) ? share : 1) * width);
  return `${paint(io, 'cyan', '━'.repeat(full))}${'┄'.repeat(width - full)}`;
}
