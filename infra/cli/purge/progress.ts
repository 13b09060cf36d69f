import { createPace, type Pace } from '../../local/pace.ts';
import { createTerminal } from '../../local/terminal.ts';
import { type Io, paint, say } from '../io.ts';
import { count, lasting } from '../words.ts';

/** The progress of a purge: one line that is redrawn on a terminal, a line now and then elsewhere. */

const INDENT = '  ';
const GAP = '  ';
const MAX_BAR = 30;
const MIN_BAR = 8;
const DEFAULT_COLUMNS = 80;
const TELLING_MS = 2_000;
/** Into a file or a log, so often. */
const PLAIN_LINE_MS = 10_000;

export type Progress = {
  /** `total` null: nobody knows. */
  show(done: number, total: number | null): void;
  /** Instead of the numbers, until the next `show`. */
  note(text: string): void;
  clear(): void;
};

/** `fromStart`: whether it is shown from its beginning on. */
export function createProgress(
  io: Pick<Io, 'out' | 'env' | 'now'>,
  { fromStart = true, unit = 'done' }: { fromStart?: boolean; unit?: string } = {},
): Progress {
  const terminal = createTerminal(io.out);
  const pace = createPace({ fromStart });
  /** It gives way to longer numbers, and does not come and go with them. */
  let barWidth = MAX_BAR;
  let firstLookMs: number | undefined;
  let lastLineMs = io.now();
  let lastText = '';

  const plainly = (text: string) => {
    if (text === lastText || io.now() - lastLineMs < PLAIN_LINE_MS) return;
    lastText = text;
    lastLineMs = io.now();
    say(io, `${INDENT}${text}`);
  };

  return {
    show(done, total) {
      firstLookMs ??= io.now();
      const seen = pace(done, total, io.now());
      const text = numbersOf(done, total, seen ?? io.now() - firstLookMs, unit);
      if (!io.out.isTTY) return plainly(text);
      const room = (io.out.columns || DEFAULT_COLUMNS) - 1 - text.length - INDENT.length - GAP.length;
      barWidth = Math.max(MIN_BAR, Math.min(barWidth, room));
      const bar = total !== null && barWidth <= room ? `${barOf(io, done / total, barWidth)}${GAP}` : '';
      terminal.status(`${INDENT}${bar}${text}`);
    },
    note(text) {
      if (io.out.isTTY) terminal.status(`${INDENT}${text}`);
      else plainly(text);
    },
    clear: () => terminal.status(null),
  };
}

/** `pace`: or for how long somebody has been looking, so that a long first step is seen to be one. */
function numbersOf(done: number, total: number | null, pace: Pace | number, unit: string): string {
  const of = total === null ? `${count(done)} ${unit}` : `${count(done)} of ${count(total)}`;
  const share =
    total === null || total === 0 ? null : `${Math.floor((Math.min(done, total) / total) * 100)} %`;
  const speed =
    typeof pace === 'number' ? [pace >= TELLING_MS && `watched for ${lasting(pace)}`] : paceOf(pace);
  return [share, of, ...speed].filter(Boolean).join(GAP);
}

function paceOf({ donePerSecond, leftMs }: Pace): (string | false)[] {
  const rate = donePerSecond < 10 ? donePerSecond.toFixed(1) : count(Math.round(donePerSecond));
  return [`${rate}/s`, leftMs !== null && `${lasting(leftMs)} left`];
}

function barOf(io: Pick<Io, 'out' | 'env'>, share: number, width: number): string {
  const full = Math.round(Math.min(1, Number.isFinite(share) ? share : 1) * width);
  return `${paint(io, 'cyan', '━'.repeat(full))}${'┄'.repeat(width - full)}`;
}
