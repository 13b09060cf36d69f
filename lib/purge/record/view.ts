import * as v from 'valibot';
import { countsLeft, type PurgeRecord, purgeRecord } from './record.ts';

const shown = purgeRecord.entries;
const count = v.pipe(v.number(), v.integer(), v.minValue(0));

/** A purge as the API shows it: the record without what only the worker needs, in the contract's order. */
export const purgeView = v.object({
  id: shown.id,
  request: shown.request,
  requestedBy: shown.requestedBy,
  policy: shown.policy,
  status: shown.status,
  dateStarted: shown.dateStarted,
  dateUpdated: shown.dateUpdated,
  dateEnded: shown.dateEnded,
  window: shown.window,
  counts: shown.counts,
  activeMatched: v.pipe(
    v.nullable(count),
    v.description(
      'Of a dry run: how many of the matched ones are active and would be ended first; null otherwise.',
    ),
  ),
  activeLeft: v.pipe(
    v.nullable(count),
    v.description(
      'How many active executions the contacts keep, for an erasure with the status `ended`; null otherwise.',
    ),
  ),
  contactMatching: v.pipe(
    v.nullable(v.literal('exact')),
    v.description(
      'Null without contacts. Each address is compared exactly, so `+1…` and `whatsapp:+1…` are two addresses.',
    ),
  ),
  failures: shown.failures,
  digest: shown.digest,
  error: shown.error,
});

export type PurgeView = v.InferOutput<typeof purgeView>;

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
