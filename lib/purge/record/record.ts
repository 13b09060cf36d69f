import * as v from 'valibot';
import { EMPTY_DIGEST, sidDigest } from './digest.ts';

const count = v.pipe(v.number(), v.integer(), v.minValue(0));
const text = v.string();
const moment = v.pipe(text, v.isoTimestamp());

/** The request as the record keeps it: `contact` holds keyed hashes, never an address. */
export const purgeRequest = v.object({
  flows: v.union([v.literal('all'), v.array(text)]),
  status: v.picklist(['ended', 'active', 'any']),
  olderThan: v.nullable(text),
  dateCreatedFrom: v.nullable(moment),
  dateCreatedTo: v.nullable(moment),
  contact: v.pipe(
    v.nullable(v.union([text, v.array(text)])),
    v.description('A keyed hash of the address; a list of hashes if the request had a list.'),
  ),
  action: v.picklist(['delete', 'end']),
  archive: v.boolean(),
  limit: v.nullable(count),
  dryRun: v.boolean(),
});

const counts = v.object({
  listed: v.pipe(count, v.description('Executions in the window that the last pass over each flow listed.')),
  matched: v.pipe(
    count,
    v.description('Executions that the request selects. Unless it is a dry run, each of them was acted on.'),
  ),
  archived: count,
  ended: count,
  deleted: count,
  alreadyGone: v.pipe(
    count,
    v.description('Executions that were deleted (or ended, for `end`) before the purge acted on them.'),
  ),
  failed: count,
});

/** Where the worker stands. After a crash, the next worker continues from here. */
const progress = v.object({
  /** Index of the flow that is swept; after the last flow, what failed is retried. */
  flow: count,
  /** ISO second, exclusive: the sweep has dealt with everything from here on. Null: with nothing yet. */
  watermark: v.nullable(text),
  /** Executions that this sweep has acted on. */
  found: count,
  /** The first execution that this sweep listed, and had not failed, and that of the sweep before. */
  first: v.nullable(text),
  firstBefore: v.nullable(text),
  /** Consecutive sweeps that did not shrink what is left. */
  staleSweeps: count,
  /** What this sweep has added to the record's counts without acting on it; a new sweep takes it back. */
  counted: v.object({ others: count, matched: count, active: count, left: count }),
  /** The last batch whose outcome is in the record. */
  settledBatch: count,
  /** Rounds over what failed, and how many still failed after the last one. */
  retryRound: count,
  stillFailed: count,
  /** The failure sort key up to which the running round has come; null: it begins. */
  retriedTo: v.nullable(text),
  /** Consecutive slices without progress. */
  slicesWithoutProgress: count,
  /**
   * The durable step that is running, or whose worker has crashed; null if no step has started, or if the
   * last one ended with an error. `place`: a hash of where the purge stood when the step started. `crashes`:
   * how many workers have crashed in this step without progress.
   */
  startedStep: v.nullable(v.object({ step: text, place: text, crashes: count })),
  /** What kept whole flows from being listed, by alias. */
  flowErrors: v.array(v.object({ flow: text, reason: text })),
});

export const purgeRecord = v.object({
  id: text,
  request: v.pipe(purgeRequest, v.description('What was asked for, with its defaults.')),
  requestedBy: v.pipe(text, v.description('The caller, or `schedule`.')),
  policy: v.pipe(v.nullable(text), v.description('The policy that this is a run of.')),
  status: v.picklist(['running', 'succeeded', 'stopped', 'failed']),
  dateStarted: moment,
  dateUpdated: moment,
  dateEnded: v.nullable(moment),
  window: v.pipe(
    v.object({ from: v.nullable(moment), to: moment }),
    v.description('The ages, resolved at the start: created on or after `from`, before `to`.'),
  ),
  flows: v.array(v.object({ alias: text, sid: text })),
  counts,
  activeMatched: count,
  activeLeft: count,
  failures: v.pipe(
    v.array(v.object({ sid: text, reason: text })),
    v.description('The first 100; `GET /purges/{purge}/failures` names all of them.'),
  ),
  digest: v.pipe(
    sidDigest,
    v.description('The sum of the SHA-256 of the SIDs that were acted on, modulo 2^256: evidence.'),
  ),
  error: v.nullable(text),
  progress,
});

export type PurgeRecord = v.InferOutput<typeof purgeRecord>;
export type PurgeRequest = PurgeRecord['request'];
export type PurgeStatus = PurgeRecord['status'];
export type PurgeAction = PurgeRequest['action'];
export type StatusFilter = PurgeRequest['status'];
export type Counts = PurgeRecord['counts'];
export type Window = PurgeRecord['window'];
export type PurgedFlow = PurgeRecord['flows'][number];
export type Progress = PurgeRecord['progress'];

/** A contact's erasure of its ended executions: the record then says how many active ones are left. */
export function countsLeft({ contact, status, action }: PurgeRequest): boolean {
  return contact !== null && status === 'ended' && action === 'delete';
}

/** The first failures, which a record names. */
export const MAX_FAILURES_NAMED = 100;

export const NO_COUNTS: Counts = {
  listed: 0,
  matched: 0,
  archived: 0,
  ended: 0,
  deleted: 0,
  alreadyGone: 0,
  failed: 0,
};

/** Where a sweep begins. */
export const NEW_SWEEP = {
  watermark: null,
  found: 0,
  first: null,
  counted: { others: 0, matched: 0, active: 0, left: 0 },
} satisfies Partial<Progress>;

/** Where the first sweep of a flow begins. */
export const NEW_FLOW = { ...NEW_SWEEP, firstBefore: null, staleSweeps: 0 } satisfies Partial<Progress>;

const FIRST_PROGRESS: Progress = {
  ...NEW_FLOW,
  flow: 0,
  settledBatch: 0,
  retryRound: 0,
  stillFailed: 0,
  retriedTo: null,
  slicesWithoutProgress: 0,
  startedStep: null,
  flowErrors: [],
};

export type NewPurge = Pick<
  PurgeRecord,
  'id' | 'request' | 'requestedBy' | 'policy' | 'dateStarted' | 'window' | 'flows'
>;

export function newRecord(purge: NewPurge): PurgeRecord {
  return {
    ...purge,
    status: 'running',
    dateUpdated: purge.dateStarted,
    dateEnded: null,
    counts: NO_COUNTS,
    activeMatched: 0,
    activeLeft: 0,
    failures: [],
    digest: EMPTY_DIGEST,
    error: null,
    progress: FIRST_PROGRESS,
  };
}

/** `times` -1 subtracts. */
export function addCounts(one: Counts, other: Counts, times: 1 | -1 = 1): Counts {
  const sum = { ...one };
  for (const name of v.keyof(counts).options) sum[name] += times * other[name];
  return sum;
}
