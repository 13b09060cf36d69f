import type { Api } from '../api.ts';
import { explained } from '../explain.ts';
import { confirm, type Io, say } from '../io.ts';
import { Failed } from '../tool.ts';
import { createProgress } from './progress.ts';
import type { Purge } from './purge-view.ts';
import { watchPurge } from './watch.ts';

export type Watched =
  | { state: 'ended'; purge: Purge }
  /** Nobody watches it any more. */
  | { state: 'running' | 'stopping'; id: string };

/**
 * Begins a purge and watches it until it has ended. Ctrl-C asks whether to stop it: yes stops it and waits for
 * that, no (or nobody to ask) leaves it running. A second Ctrl-C never waits.
 */
export async function watchToTheEnd(
  api: Api,
  io: Io,
  begin: () => Promise<string>,
  total: number | null,
): Promise<Watched> {
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
    const watched = await look();
    if (watched.state === 'ended' || !io.interactive || !(await confirm(io, 'Stop the purge?')))
      return watched;
    await api.insist('POST', `/purges/${encodeURIComponent(watched.id)}/stop`);
    say(io, '  Stopping: what is under way is finished first.');
    const stopped = await look();
    return stopped.state === 'ended' ? stopped : { ...stopped, state: 'stopping' };
  } catch (error) {
    if (id === undefined) throw error;
    // Whatever keeps us from looking, the purge itself is not touched by it.
    const told = explained(error);
    if (!(told instanceof Failed)) throw told;
    throw new Failed([...told.lines, `Purge ${id} may still be running.`], { cause: error });
  }
}
