import * as v from 'valibot';
import { EMPTY_DIGEST, sidDigest } from './digest.ts';

const count = v.pipe(v.number(), v.integer(), v.minValue(0));
const text = v.string();
const moment = v.pipe(text, v.isoTimestamp());

/** The request as the record keeps it: `contact` holds keyed hashes, never an address. */
const purgeRequest = v.object({
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

const progress = v.object({
  /** Index of the flow that is swept; past the last one, what failed is tried again. */
  flow: count,
  /** Sweeps of this flow so far, the running one included. */
  sweep: count,
  /** Acted on in this sweep: a sweep that finds nothing more is the flow's last. */
  foundInSweep: count,
  /** Of these, deleted or ended by this purge. */
  doneInSweep: count,
  /** Listed in this sweep although this purge was done with it before. */
  shownAgain: count,
  /** Sweeps in a row in which only others had changed anything. */
  idleSweeps: count,
  /** Everything from here on is done in this sweep (ISO second, exclusive); null: nothing yet. */
  bound: v.nullable(text),
  /** Counted already although the next list begins with them again. */
  overlap: v.object({ listed: count, matched: count, active: count, left: count }),
  /** `activeLeft` of the flows before this one: each sweep counts its own flow's anew, so that the last one is right. */
  leftBefore: count,
  /** Those that were listed and not matched in the flows before this one; each sweep counts its own flow's anew. */
  othersBefore: count,
  /** SIDs of some that were done, and in late sweeps, and how often one of them was done again: see repeats.ts. */
  sample: v.array(text),
  lateSample: v.array(text),
  repeats: count,
  /** What the record said before anything was done again, or found gone again; null: it goes on to be right. */
  firm: v.nullable(v.object({ counts, digest: sidDigest, activeLeft: count })),
  /** The last batch whose counts are in the record. */
  settledBatch: count,
  /** Rounds over what failed. */
  retryRound: count,
  /** Whether this round has made any good. */
  retryHelped: v.boolean(),
  /** The failure up to which this round has come, by its mark; null: it begins. */
  retriedTo: v.nullable(text),
  /** Slices in a row in which nothing could be done. */
  fruitless: count,
  /**
   * The durable step that is running, or whose worker died; null if no step has begun, or if the last one ended
   * with an error and its worker did not die. `place`: a hash of where the purge stood when the step began.
   * `deaths`: how many earlier workers died in this step without progress.
   */
  begun: v.nullable(v.object({ step: text, place: text, deaths: count })),
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
export type Begun = NonNullable<Progress['begun']>;

/** A contact's erasure of its ended executions: the record then says how many active ones are left. */
export function countsLeft({ contact, status, action }: PurgeRequest): boolean {
  return contact !== null && status === 'ended' && action === 'delete';
}

/** How many failures a record names; the rest is counted. */
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

export const FIRST_PROGRESS: Progress = {
  flow: 0,
  sweep: 1,
  foundInSweep: 0,
  doneInSweep: 0,
  shownAgain: 0,
  idleSweeps: 0,
  bound: null,
  overlap: { listed: 0, matched: 0, active: 0, left: 0 },
  leftBefore: 0,
  othersBefore: 0,
  sample: [],
  lateSample: [],
  repeats: 0,
  firm: null,
  settledBatch: 0,
  retryRound: 0,
  retryHelped: false,
  retriedTo: null,
  fruitless: 0,
  begun: null,
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

export function addCounts(one: Counts, other: Counts): Counts {
  return combine(one, other, (a, b) => a + b);
}

export function subtractCounts(one: Counts, other: Counts): Counts {
  return combine(one, other, (a, b) => a - b);
}

function combine(one: Counts, other: Counts, by: (a: number, b: number) => number): Counts {
  return {
    listed: by(one.listed, other.listed),
    matched: by(one.matched, other.matched),
    archived: by(one.archived, other.archived),
    ended: by(one.ended, other.ended),
    deleted: by(one.deleted, other.deleted),
    alreadyGone: by(one.alreadyGone, other.alreadyGone),
    failed: by(one.failed, other.failed),
  };
}
