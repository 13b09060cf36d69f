import { finalRecord, type Stores } from '../engine/final-record.ts';
import { SupersededError } from '../engine/ports.ts';
import { isPurgeId } from '../record/purge-id.ts';
import type { PurgeRecord } from '../record/record.ts';
import { isStale, viewOf } from '../record/view.ts';

export type PurgeService = ReturnType<typeof createPurgeService>;

/** Reads, lists, stops and shows purges. */
export function createPurgeService(stores: Stores, now: () => number) {
  const { store } = stores;
  return {
    find: async (id: string) => (isPurgeId(id) ? (await store.read(id))?.record : undefined),
    /** Newest first. `after`: the last purge of an earlier page. Returns undefined if it is not an id. */
    list: async (limit: number, after: string | null) =>
      after === null || isPurgeId(after) ? store.list(limit, after) : undefined,
    stop: (id: string) => stopPurge(stores, id, now()),
    view: (record: PurgeRecord) => viewOf(record, now()),
  };
}

type Stopped =
  | { outcome: 'stopping' | 'finished-already'; record: PurgeRecord }
  | { outcome: 'unknown-purge' };

/** Requests the stop, which the worker sees within a minute. A stale purge is stopped here. */
export async function stopPurge(stores: Stores, id: string, nowMs: number): Promise<Stopped> {
  const { store } = stores;
  const found = await store.read(id);
  if (!found) return { outcome: 'unknown-purge' };
  if (found.record.status !== 'running') return { outcome: 'finished-already', record: found.record };
  const stored = await store.requestStop(id);
  if (!stored) return { outcome: 'unknown-purge' };
  const { record, version } = stored;
  if (record.status !== 'running') return { outcome: 'finished-already', record };
  if (!isStale(record, nowMs)) return { outcome: 'stopping', record };

  const now = new Date(nowMs).toISOString();
  const known = await finalRecord(stores, record, null);
  const stopped: PurgeRecord = { ...known, status: 'stopped', dateUpdated: now, dateEnded: now };
  try {
    await store.save(stopped, version);
    return { outcome: 'stopping', record: stopped };
  } catch (error) {
    if (!(error instanceof SupersededError)) throw error;
    return { outcome: 'stopping', record };
  }
}
