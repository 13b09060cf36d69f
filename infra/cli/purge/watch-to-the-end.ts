import type { Api } from '../api.ts';
import { confirm, type Io, say } from '../io.ts';
import { Failed } from '../tool.ts';
import { createProgress } from './progress.ts';
import type { Purge } from './purge-view.ts';
import { watchPurge } from './watch.ts';

/**
 * Watches a purge until it has ended. Ctrl-C asks whether to stop it: yes stops it and waits for that, no (or
 * nobody to ask) leaves it running and comes back with null. A second Ctrl-C never waits.
 */
export async function watchToTheEnd(
  api: Api,
  io: Io,
  id: string,
  total: number | null,
): Promise<Purge | null> {
  const progress = createProgress(io);
  const look = async () => {
    const interrupted = new AbortController();
    const quiet = io.onInterrupt(() => interrupted.abort());
    try {
      return await watchPurge(id, { api, io, progress, total, signal: interrupted.signal });
    } catch (error) {
      // Whatever keeps us from looking, the purge itself is not touched by it.
      if (error instanceof Failed)
        throw new Failed([...error.lines, `Purge ${id} may still be running.`], { cause: error });
      throw error;
    } finally {
      progress.clear();
      quiet();
    }
  };

  const ended = await look();
  if (ended || !io.interactive || !(await confirm(io, 'Stop the purge?'))) return ended;
  await api.insist('POST', `/purges/${id}/stop`);
  say(io, '  Stopping: what is under way is finished first.');
  return look();
}
