import { countsLeft } from '../order/selection.ts';
import type { PurgeRecord } from './record.ts';

/** A purge as the API shows it: the record without what only the worker needs. */
export type PurgeView = Omit<PurgeRecord, 'progress' | 'flows' | 'activeMatched' | 'activeLeft'> & {
  /** Of a dry run: how many of the matched ones are active and would be ended first. Later, `counts.ended` says how many were. */
  activeMatched: number | null;
  /** Of a contact's erasure with the status `ended`: how many active executions of it are left; null elsewhere. */
  activeLeft: number | null;
  /** How contacts were compared; null where none was given. */
  contactMatching: 'exact' | null;
};

/** A worker that lives saves the record at least every minute, and every five while it waits for a turn. */
export const SILENCE_MS = 20 * 60_000;

export function isSilent({ dateUpdated }: Pick<PurgeRecord, 'dateUpdated'>, nowMs: number): boolean {
  return nowMs - Date.parse(dateUpdated) > SILENCE_MS;
}

/**
 * A record that says it runs while nobody has written to it for long is shown as what it is. Nothing is
 * written for that: should the worker come back, so does `running`.
 */
export function viewOf(record: PurgeRecord, nowMs: number): PurgeView {
  const gaveNoSign = record.status === 'running' && isSilent(record, nowMs);
  // Named one by one, in the contract's order, however the record came about.
  return {
    id: record.id,
    request: record.request,
    requestedBy: record.requestedBy,
    policy: record.policy,
    status: gaveNoSign ? 'failed' : record.status,
    dateStarted: record.dateStarted,
    dateUpdated: record.dateUpdated,
    dateEnded: record.dateEnded,
    window: record.window,
    counts: record.counts,
    activeMatched: record.request.dryRun ? record.activeMatched : null,
    activeLeft: countsLeft(record.request) ? record.activeLeft : null,
    contactMatching: record.request.contact === null ? null : 'exact',
    failures: record.failures,
    digest: record.digest,
    error: gaveNoSign ? `The worker has not been heard of since ${record.dateUpdated}.` : record.error,
  };
}
