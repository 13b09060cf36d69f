import { type Api, ApiProblem } from '../api.ts';
import { explained } from '../explain.ts';
import { type Io, isYes, say } from '../io.ts';
import { Failed } from '../tool.ts';
import { createProgress } from './progress.ts';
import type { Purge } from './purge-view.ts';
import { watchPurge } from './watch.ts';

export type Watched =
  | { state: 'ended'; purge: Purge }
  /** Nobody watches it any more. */
  | { state: 'running' | 'stopping'; id: string };

/** `begin` answers with the purge's id; `total` null: nobody knows. */
export type Order = { begin: () => Promise<string>; total: number | null };

/**
 * Begins a purge and watches it until it has ended. Ctrl-C asks what to do: stop it and wait for that, watch on,
 * or leave it running, which is also what becomes of it when there is nobody to ask. While it stops, Ctrl-C does
 * not wait.
 */
export async function watchToTheEnd(api: Api, io: Io, { begin, total }: Order): Promise<Watched> {
  let id: string | undefined;
  const progress = createProgress(io);
  const look = async (): Promise<Watched> => {
    const interrupted = new AbortController();
    // From before it begins: what Ctrl-C ended at that moment would run unseen.
    const quiet = io.onInterrupt(() => interrupted.abort());
    try {
      id ??= await begin();
      const purge = await watchPurge(id, { api, io, progress, total, signal: interrupted.signal });
      return purge ? { state: 'ended', purge } : { state: 'running', id };
    } finally {
      progress.clear();
      quiet();
    }
  };

  try {
    for (;;) {
      const watched = await look();
      if (watched.state === 'ended' || !io.interactive) return watched;
      const wish = await whatNow(io);
      if (wish === 'leave') return watched;
      if (wish === 'watch') continue;
      await api.insist('POST', `/purges/${encodeURIComponent(watched.id)}/stop`);
      say(io, '  Stopping: what is under way is finished first.');
      const stopped = await look();
      return stopped.state === 'ended' ? stopped : { ...stopped, state: 'stopping' };
    }
  } catch (error) {
    if (id === undefined) throw error;
    // Whatever keeps us from looking, the purge itself is not touched by it.
    const told = explained(error);
    if (!(told instanceof Failed)) throw told;
    if (error instanceof ApiProblem && error.slug === 'unknown-purge') throw told;
    throw new Failed([...told.lines, `Purge ${id} may still be running.`], { cause: error });
  }
}

/** Only a clear yes stops; a second Ctrl-C, or the end of the input, leaves. */
async function whatNow(io: Io): Promise<'stop' | 'watch' | 'leave'> {
  say(io, '');
  const answer = await io.ask('Stop the purge? y stops it, n watches on, Ctrl-C leaves it running. [y/N]');
  if (answer === null) return 'leave';
  return isYes(answer) ? 'stop' : 'watch';
}
