import * as v from 'valibot';
import { countsLeft, type PurgeRecord, purgeRecord } from './record.ts';

const { flows, progress, failures, digest, error, ...shown } = purgeRecord.entries;

/** A purge as the API shows it: the record without what only the worker needs. */
export const purgeView = v.object({
  ...shown,
  activeMatched: v.pipe(
    v.nullable(shown.activeMatched),
    v.description(
      'Of a dry run: how many of the matched ones are active and would be ended first; null otherwise.',
    ),
  ),
  activeLeft: v.pipe(
    v.nullable(shown.activeLeft),
    v.description(
      'How many active executions of the contacts were listed and kept, for an erasure with the status `ended`; null otherwise.',
    ),
  ),
  contactMatching: v.pipe(
    v.nullable(v.literal('exact')),
    v.description(
      'Null without contacts. Each address is compared exactly, so `+1…` and `whatsapp:+1…` are two addresses.',
    ),
  ),
  failures,
  digest,
  error,
});

export type PurgeView = v.InferOutput<typeof purgeView>;

/** A worker saves the record at least every minute, and every five while it waits for a lock. */
export const HEARTBEAT_TIMEOUT_MS = 20 * 60_000;

export function isStale({ dateUpdated }: Pick<PurgeRecord, 'dateUpdated'>, nowMs: number): boolean {
  return nowMs - Date.parse(dateUpdated) > HEARTBEAT_TIMEOUT_MS;
}

/**
 * Shows a stale purge as failed. Nothing is saved: if the worker comes back, the purge is `running` again.
 */
export function viewOf(record: PurgeRecord, nowMs: number): PurgeView {
  const stale = record.status === 'running' && isStale(record, nowMs);
  return v.parse(purgeView, {
    ...record,
    status: stale ? 'failed' : record.status,
    activeMatched: record.request.dryRun ? record.activeMatched : null,
    activeLeft: countsLeft(record.request) ? record.activeLeft : null,
    contactMatching: record.request.contact === null ? null : 'exact',
    error: stale ? `The worker has not been heard of since ${record.dateUpdated}.` : record.error,
  });
}
