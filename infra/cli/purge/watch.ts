import { type Api, ApiProblem, explained, isPassing, pauseMs } from '../api.ts';
import { lasting } from '../format.ts';
import { type Io, interruptible, isYes, say } from '../io.ts';
import { type ExitCode, Failed } from '../tool.ts';
import { doneOf, isGood, type Purge, printEnd, readPurge } from './summary.ts';

const FIRST_POLL_MS = 250;
const LONGEST_POLL_MS = 3_000;
const POLL_GROWTH = 1.25;
/** Watching ends after this time without an answer from the API. */
const TIMEOUT_MS = 10 * 60_000;

export type Watching = {
  api: Api;
  io: Pick<Io, 'out' | 'now' | 'sleep'>;
  /** Executions to act on; null if unknown. */
  total: number | null;
  /** Ends the watching without stopping the purge. */
  signal: AbortSignal;
  /** The number to show as progress; `unit` names it. */
  done?: (purge: Purge) => number;
  unit?: string;
};

/**
 * Polls until the purge has ended; null when the signal came first. Throws ApiProblem, or Failed at the
 * timeout.
 */
export async function watchPurge(id: string, watching: Watching): Promise<Purge | null> {
  const { api, io, total, signal, done = doneOf, unit } = watching;
  const { createProgress } = await import('./progress.ts');
  const progress = createProgress(io, unit);
  let pollMs = FIRST_POLL_MS;
  let failures = 0;
  let lastHeardMs = io.now();
  try {
    while (!signal.aborted) {
      const looked = await api.call('GET', pathOf(id), { signal }).catch((error: unknown) => ({ error }));
      if (signal.aborted) break;
      if ('error' in looked) {
        const { error } = looked;
        if (!isPassing(error)) throw error;
        if (io.now() - lastHeardMs > TIMEOUT_MS)
          throw new Failed([`The API has not answered for ${lasting(TIMEOUT_MS)}.`], { cause: error });
        const answer = error instanceof ApiProblem ? `The API answers ${error.status}` : 'No connection';
        progress.note(`${answer}; trying again`);
        failures += 1;
        await io.sleep(pauseMs(failures, error), signal);
        continue;
      }
      const purge = readPurge(looked.body);
      if (purge.status !== 'running') return purge;
      progress.show({
        done: done(purge),
        // More executions may match than in the dry run.
        total: total === null ? null : Math.max(total, purge.counts.matched),
        startedMs: Date.parse(purge.dateStarted),
        updatedMs: Date.parse(purge.dateUpdated),
      });
      failures = 0;
      lastHeardMs = io.now();
      pollMs = Math.min(pollMs * POLL_GROWTH, LONGEST_POLL_MS);
      await io.sleep(pollMs, signal);
    }
    return null;
  } finally {
    progress.clear();
  }
}

/** `begin` returns the purge's id; `url` is what `--url` was. */
export type Order = { begin: () => Promise<string>; total: number | null; url: string | undefined };

/**
 * Begins a purge, watches it until it has ended and prints its end. Ctrl-C asks whether to stop it, to watch
 * on or to leave it running; without a terminal it is left running. While it stops, Ctrl-C ends the waiting.
 */
export async function watchToTheEnd(api: Api, io: Io, { begin, total, url }: Order): Promise<ExitCode> {
  let id: string | undefined;
  let isStopping = false;
  // Interruptible before the start, too: Ctrl-C must not end the process while the purge starts.
  const look = () =>
    interruptible(io, async (signal) => {
      id ??= await begin();
      return watchPurge(id, { api, io, total, signal });
    });
  try {
    for (;;) {
      const purge = await look();
      if (purge) {
        printEnd(io, purge);
        return isGood(purge) ? 0 : 1;
      }
      const wish = io.interactive && !isStopping ? await askWhatNow(io) : 'leave';
      if (wish === 'leave') break;
      if (wish === 'watch') continue;
      await api.insist('POST', `${pathOf(id ?? '')}/stop`);
      say(io, '  Stopping: what is under way is finished first.');
      isStopping = true;
    }
  } catch (error) {
    const told = explained(error);
    if (id === undefined || !(told instanceof Failed)) throw error;
    if (error instanceof ApiProblem && error.slug === 'unknown-purge') throw told;
    throw new Failed([...told.lines, `Purge ${id} may still be running.`], { cause: error });
  }
  say(
    io,
    '',
    `  ${isStopping ? 'The purge stops within a minute.' : 'The purge goes on.'} To watch it again:`,
  );
  say(io, `  npm run purge -- --watch ${id}${url ? ` --url ${url}` : ''}`);
  return 1;
}

/** Only `y` or `yes` stops the purge. A second Ctrl-C, or the end of the input, leaves it running. */
async function askWhatNow(io: Io): Promise<'stop' | 'watch' | 'leave'> {
  say(io, '');
  const answer = await io.ask('Stop the purge? y stops it, n watches on, Ctrl-C leaves it running. [y/N]');
  if (answer === null) return 'leave';
  return isYes(answer) ? 'stop' : 'watch';
}

function pathOf(id: string): string {
  return `/purges/${encodeURIComponent(id)}`;
}
