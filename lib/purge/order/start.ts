import * as v from 'valibot';
import type { Config } from '../../config/configuration.ts';
import type { PurgeStore, WorkerStarter } from '../engine/ports.ts';
import { SupersededError } from '../engine/ports.ts';
import { newRecord, type PurgeRecord, type PurgeRequest, purgeRequest } from '../record/record.ts';
import { type ContactKey, hashContacts } from './contact-key.ts';
import { resolveFlows, resolveWindow } from './selection.ts';
import type { SlotTaken } from './slots.ts';

const FIRST_RUN = 1;

export type PurgeOrder = {
  id: string;
  /** With the address still in it: it leaves this function only as a keyed hash. */
  request: PurgeRequest;
  requestedBy: string;
  policy: string | null;
  nowMs: number;
};

export type Started =
  | { outcome: 'started'; record: PurgeRecord }
  | { outcome: 'not-started'; cause: unknown };

/** What asking for a purge can come to, its key considered. */
export type Ordered =
  | { outcome: 'started'; record: PurgeRecord; replayed: boolean }
  | { outcome: 'not-started'; cause: unknown }
  | Extract<SlotTaken, { outcome: 'full' }>
  | { outcome: 'in-progress'; retryAfterMs: number }
  | { outcome: 'key-reused' }
  | { outcome: 'unavailable'; cause: Error };

export type StartPorts = { config: Config; store: PurgeStore; worker: WorkerStarter };

/**
 * Writes the record, then starts the worker. Asked again with the same id, after a crash between the two,
 * it finds the record and starts the worker, whose name keeps it from running twice. When the worker cannot
 * be started, the record says so: nothing stays behind that looks as if it ran.
 */
export async function startPurge(
  { config, store, worker }: StartPorts,
  { id, request, requestedBy, policy, nowMs }: PurgeOrder,
  contactKey: ContactKey | null,
): Promise<Started> {
  if (request.contact !== null && contactKey === null) throw new Error('A contact needs a key to be hashed');
  const contact =
    request.contact === null || contactKey === null ? null : hashContacts(contactKey, request.contact);
  const record = newRecord({
    id,
    request: v.parse(purgeRequest, { ...request, contact }),
    requestedBy,
    policy,
    dateStarted: new Date(nowMs).toISOString(),
    window: resolveWindow(request, nowMs),
    flows: resolveFlows(request.flows, config),
  });
  const created = await store.create(record);
  const standing = created === 'created' ? { record, version: 1 } : await store.read(id);
  if (!standing) throw new Error(`Purge ${id} came and went`);
  if (standing.record.status !== 'running') return { outcome: 'started', record: standing.record };
  try {
    await worker.start(id, FIRST_RUN);
    return { outcome: 'started', record: standing.record };
  } catch (cause) {
    return markFailed(store, standing, new Date(nowMs).toISOString(), cause);
  }
}

/** The start may have come through although its answer did not: then the worker's first save is there. */
async function markFailed(
  store: PurgeStore,
  { record, version }: { record: PurgeRecord; version: number },
  now: string,
  cause: unknown,
): Promise<Started> {
  const failed: PurgeRecord = {
    ...record,
    status: 'failed',
    dateUpdated: now,
    dateEnded: now,
    error: 'The worker could not be started.',
  };
  try {
    await store.save(failed, version);
    return { outcome: 'not-started', cause };
  } catch (error) {
    if (!(error instanceof SupersededError)) throw error;
    const stored = await store.read(record.id);
    return stored ? { outcome: 'started', record: stored.record } : { outcome: 'not-started', cause };
  }
}
