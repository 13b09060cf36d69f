import type { Exchange } from '../../../infra/simulator/options.ts';
import type { Execution } from '../../../infra/simulator/store/execution.ts';
import type { Store } from '../../../infra/simulator/store/store.ts';

/** So far ahead of what a purge has just deleted lies what it has listed and not come to. */
const NEAREST = 30;
const FARTHEST = 400;

/**
 * Another user of the account, who deletes executions that a purge is about to delete; and what the purge was
 * told of them.
 */
export function createOthers(store: Store) {
  // Taken before the purges' deletes are counted: these are not a purge's.
  const erase = store.delete.bind(store);
  const deleted: string[] = [];
  const gone = new Set<string>();
  const met = new Set<string>();
  /** Something else than "gone" was said of it, or nothing at all. */
  const doubtful = new Set<string>();
  return {
    deleted,
    metGone: () => [...met].filter((sid) => !doubtful.has(sid)),
    /** Deletes one of `mayVanish` that was created a little before this one: lists are newest first. */
    deleteNear({ number }: Execution, mayVanish: Set<string>): void {
      for (let near = number - NEAREST; near > Math.max(0, number - FARTHEST); near--) {
        const sid = store.executions[near]?.sid ?? '';
        if (!mayVanish.delete(sid) || !erase(sid)) continue;
        deleted.push(sid);
        gone.add(sid);
        return;
      }
    },
    watch({ method, url, status, fault }: Exchange): void {
      const sid = /\/(FN\w{32})/.exec(url)?.[1];
      if (sid === undefined) return;
      if (gone.has(sid) && status === 404 && fault === null) met.add(sid);
      else if (method !== 'GET') doubtful.add(sid);
    },
  };
}
