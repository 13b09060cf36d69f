import { progress as progressBar, settings, spinner } from '@clack/prompts';
import { createThroughput, SILENT_MS } from '../../local/terminal/throughput.ts';
import { count, lasting } from '../format.ts';
import { type Io, say } from '../io.ts';

const GAP = '  ';
const MAX_BAR = 30;
const MIN_BAR = 8;
/** Columns beside the bar, without the two numbers of executions. */
const TEXT_COLUMNS = 46;
const DEFAULT_COLUMNS = 80;
const PLAIN_LINE_MS = 10_000;

/** `startedMs` and `updatedMs` are times of the API's clock. `total`: null if unknown. */
type Seen = { done: number; total: number | null; startedMs: number; updatedMs: number };

export type Progress = {
  show(seen: Seen): void;
  /** Shows a text instead of the numbers until the next `show`. */
  note(text: string): void;
  clear(): void;
};

/** Shows the progress of a purge: a bar at a terminal, otherwise a plain line at most every 10 seconds. */
export function createProgress(io: Pick<Io, 'out' | 'now'>, unit = 'done'): Progress {
  const throughputAt = createThroughput({ fromStart: true });
  let bar: Bar | null = null;
  let seen: Seen | undefined;
  let heardMs = io.now();
  let changedMs = io.now();
  let lastLineMs = io.now();
  let lastText = '';

  const write = (text: string, done: number, total: number | null) => {
    if (io.out.isTTY) {
      bar ??= startBar(io.out, total);
      bar.show(total ? done / total : 0, text);
    } else if (text !== lastText && io.now() - lastLineMs >= PLAIN_LINE_MS) {
      lastText = text;
      lastLineMs = io.now();
      say(io, `${GAP}${text}`);
    }
  };

  return {
    show(next) {
      const { done, total, startedMs, updatedMs } = next;
      // Counts from the start of the purge, which may be before the watching.
      if (!seen) throughputAt(0, total, startedMs);
      const throughput = throughputAt(done, total, updatedMs);
      if (seen?.updatedMs !== updatedMs) heardMs = io.now();
      if (seen?.done !== done) changedMs = io.now();
      seen = next;
      const text = total === null ? [`${count(done)} ${unit}`] : numbersOf(done, total);
      const unchangedMs = io.now() - changedMs;
      if (!throughput || unchangedMs > SILENT_MS) {
        text.push(`running for ${lasting(updatedMs - startedMs + io.now() - heardMs)}`);
      } else {
        const { donePerSecond: rate, leftMs } = throughput;
        text.push(`${rate < 10 ? rate.toFixed(1) : count(Math.round(rate))}/s`);
        // Counts down until the next numbers arrive. Omitted at zero.
        const left = (leftMs ?? 0) - unchangedMs;
        if (left > 0) text.push(`${lasting(left)} left`);
      }
      write(text.join(GAP), done, total);
    },
    note: (text) => write(text, seen?.done ?? 0, seen?.total ?? null),
    clear() {
      bar?.clear();
      bar = null;
    },
  };
}

/** Omits the percentage while nothing is done. */
function numbersOf(done: number, total: number): string[] {
  const numbers = `${count(done)} of ${count(total)}`;
  return done === 0 ? [numbers] : [`${Math.floor((Math.min(done, total) / total) * 100)} %`, numbers];
}

type Bar = { show(share: number, text: string): void; clear(): void };

/** Starts a bar, or only a spinner if the total is unknown or the terminal too narrow. */
function startBar(output: Io['out'], total: number | null): Bar {
  // While it spins, clack exits with 0 at these keys (clack issue 573). The caller handles them instead.
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
