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
  /** With addresses, which the record keeps as keyed hashes. */
  request: PurgeRequest;
  requestedBy: string;
  policy: string | null;
  nowMs: number;
};

export type Started =
  | { outcome: 'started'; record: PurgeRecord; replayed: boolean }
  | { outcome: 'not-started'; cause: unknown };

/** The result of an order, its idempotency key considered. */
export type Ordered =
  | Started
  | Extract<SlotTaken, { outcome: 'full' }>
  | { outcome: 'in-progress'; retryAfterMs: number }
  | { outcome: 'key-reused' }
  | { outcome: 'unavailable'; cause: Error };

export type StartPorts = { config: Config; store: PurgeStore; worker: WorkerStarter };

/**
 * Writes the record, then starts the worker. With the same id again, after a crash between the two, it finds
 * the record and starts the worker, whose run's name starts once only. If the worker cannot be started, the
 * purge has failed.
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
  if (standing.record.status !== 'running') return started(standing.record);
  try {
    await worker.start(id, FIRST_RUN);
    return started(standing.record);
  } catch (cause) {
    return markFailed(store, standing, new Date(nowMs).toISOString(), cause);
  }
}

function started(record: PurgeRecord): Started {
  return { outcome: 'started', record, replayed: false };
}

/** The worker may have started although the response was lost: then it has saved the record. */
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
    return stored ? started(stored.record) : { outcome: 'not-started', cause };
  }
}
