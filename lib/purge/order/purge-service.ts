import type { Stores } from '../engine/final-record.ts';
import type { PurgePage } from '../engine/ports.ts';
import { isPurgeId } from '../record/purge-id.ts';
import type { PurgeRecord } from '../record/record.ts';
import { type PurgeView, viewOf } from '../record/view.ts';
import { type Stopped, stopPurge } from './stop.ts';

/** Reads, lists, stops and shows purges. */
export type PurgeService = {
  find(id: string): Promise<PurgeRecord | undefined>;
  /** Newest first. `after`: the last purge of an earlier page; undefined is returned if it is not an id. */
  list(limit: number, after: string | null): Promise<PurgePage | undefined>;
  stop(id: string): Promise<Stopped>;
  view(record: PurgeRecord): PurgeView;
};

export function createPurgeService(stores: Stores, now: () => number): PurgeService {
  const { store } = stores;
  return {
    find: async (id) => (isPurgeId(id) ? (await store.read(id))?.record : undefined),
    list: async (limit, after) => (after === null || isPurgeId(after) ? store.list(limit, after) : undefined),
    stop: (id) => stopPurge(stores, id, now()),
    view: (record) => viewOf(record, now()),
  };
}
