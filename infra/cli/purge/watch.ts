import { type Api, ApiProblem, isPassing, pauseMs } from '../api.ts';
import { lasting } from '../format.ts';
import type { Io } from '../io.ts';
import { Failed } from '../tool.ts';
import type { Progress } from './progress.ts';
import { doneOf, type Purge, readPurge } from './purge-view.ts';

/** Often while it is young, then ever more rarely: a purge of hours needs no request a second. */
const FIRST_POLL_MS = 250;
const LONGEST_POLL_MS = 3_000;
const POLL_GROWTH = 1.25;
/** Between two looks the time runs on. */
const TICK_MS = 500;
/** So long the API may be out of reach before nobody watches any more. */
const TIMEOUT_MS = 10 * 60_000;

export type Watching = {
  api: Api;
  io: Pick<Io, 'now' | 'sleep'>;
  progress: Progress;
  /** null: nobody knows. */
  total: number | null;
  /** Ends the watching at once, and leaves the purge alone. */
  signal: AbortSignal;
  /** What is counted; `doneOf` unless given. */
  done?: (purge: Purge) => number;
};

/** Looks until the purge has ended; null when the signal came first. Throws ApiProblem, and Failed after long silence. */
export async function watchPurge(id: string, watching: Watching): Promise<Purge | null> {
  const { api, io, progress, total, signal, done = doneOf } = watching;
  let pollMs = FIRST_POLL_MS;
  let failures = 0;
  let lastHeardMs = io.now();
  while (!signal.aborted) {
    try {
      const { body } = await api.call('GET', `/purges/${encodeURIComponent(id)}`, { signal });
      const purge = readPurge(body);
      if (purge.status !== 'running') return purge;
      if (signal.aborted) break;
      progress.show({
        done: done(purge),
        // More may match by now than when it was counted.
        total: total === null ? null : Math.max(total, purge.counts.matched),
        startedMs: Date.parse(purge.dateStarted),
        updatedMs: Date.parse(purge.dateUpdated),
      });
      failures = 0;
      lastHeardMs = io.now();
      pollMs = Math.min(pollMs * POLL_GROWTH, LONGEST_POLL_MS);
      for (let restMs = pollMs; restMs > 0 && !signal.aborted; restMs -= TICK_MS) {
        await io.sleep(Math.min(restMs, TICK_MS), signal);
        progress.tick();
      }
    } catch (error) {
      if (signal.aborted) break;
      if (!isPassing(error)) throw error;
      if (io.now() - lastHeardMs > TIMEOUT_MS)
        throw new Failed([`The API has not been heard of for ${lasting(TIMEOUT_MS)}.`], { cause: error });
      failures += 1;
      progress.note(
        error instanceof ApiProblem
          ? `The API answers ${error.status}; trying again`
          : 'No connection; trying again',
      );
      await io.sleep(pauseMs(failures, error), signal);
    }
  }
  return null;
}
