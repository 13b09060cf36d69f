import type { Stores } from '../engine/last-word.ts';
import type { PurgePage } from '../engine/ports.ts';
import { isPurgeId } from '../record/purge-id.ts';
import type { PurgeRecord } from '../record/record.ts';
import { type PurgeView, viewOf } from '../record/view.ts';
import { type Stopped, stopPurge } from './stop.ts';

/** What can be asked about purges that were started. */
export type Desk = {
  find(id: string): Promise<PurgeRecord | undefined>;
  /** Newest first, after the purge that an earlier page ended with; undefined if that is none. */
  list(limit: number, after: string | null): Promise<PurgePage | undefined>;
  stop(id: string): Promise<Stopped>;
  view(record: PurgeRecord): PurgeView;
};

export function createDesk(stores: Stores, now: () => number): Desk {
  const { store } = stores;
  return {
    find: async (id) => (isPurgeId(id) ? (await store.read(id))?.record : undefined),
    list: async (limit, after) => (after === null || isPurgeId(after) ? store.list(limit, after) : undefined),
    stop: (id) => stopPurge(stores, id, now()),
    view: (record) => viewOf(record, now()),
  };
}
