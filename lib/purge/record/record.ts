import type { Contacts } from '../order/contact-key.ts';
import { EMPTY_DIGEST, type SidDigest } from './digest.ts';

export type PurgeStatus = 'running' | 'succeeded' | 'stopped' | 'failed';
export type StatusFilter = 'ended' | 'active' | 'any';
export type PurgeAction = 'delete' | 'end';

/** The request as the record keeps it: `contact` holds keyed hashes, never an address. */
export type PurgeRequest = {
  flows: 'all' | readonly string[];
  status: StatusFilter;
  olderThan: string | null;
  dateCreatedFrom: string | null;
  dateCreatedTo: string | null;
  contact: Contacts | null;
  action: PurgeAction;
  archive: boolean;
  limit: number | null;
  dryRun: boolean;
};

export type Counts = {
  /**
   * Executions inside the window that Studio listed, each once: the matched ones, and beside them those that the
   * last sweep of each flow saw, as far as it came. So it is exact, in whatever order they are listed, once a flow
   * is through; and it falls back to `matched` where a running purge begins with another sweep.
   */
  listed: number;
  /** Those that the request selects; in a real run every one of them was acted on. */
  matched: number;
  archived: number;
  ended: number;
  deleted: number;
  /** Gone (for `end`: ended) before this purge touched them. */
  alreadyGone: number;
  failed: number;
};

/** `reason` is ours: what was tried, the kind of error and Twilio's code. Nothing personal. */
export type Failure = { sid: string; reason: string };

/** From (on or after; null: no beginning) and to (before), whole seconds in UTC, resolved once at the start. */
export type Window = { from: string | null; to: string };

export type PurgedFlow = { alias: string; sid: string };

/**
 * The durable step that is running, or whose worker died. `place`: a hash of where the purge stood when the
 * step began. `deaths`: how many earlier workers died in this step without progress.
 */
export type Begun = { step: string; place: string; deaths: number };

/** Where the worker stands. Lives in the record, so that whoever takes over goes on from the last batch. */
export type Progress = {
  /** Index of the flow that is swept; past the last one, what failed is tried again. */
  flow: number;
  /** Sweeps of this flow so far, the running one included. */
  sweep: number;
  /** Acted on in this sweep: a sweep that finds nothing more is the flow's last. */
  foundInSweep: number;
  /** Of these, deleted or ended by this purge. */
  doneInSweep: number;
  /** Listed in this sweep although this purge was done with it before. */
  shownAgain: number;
  /** Sweeps in a row in which only others had changed anything. */
  idleSweeps: number;
  /** Everything from here on is done in this sweep (ISO second, exclusive); null: nothing yet. */
  bound: string | null;
  /** Counted already although the next list begins with them again. */
  overlap: { listed: number; matched: number; active: number; left: number };
  /** `activeLeft` of the flows before this one: each sweep counts its own flow's anew, so that the last one is right. */
  leftBefore: number;
  /** Those that were listed and not matched in the flows before this one; each sweep counts its own flow's anew. */
  othersBefore: number;
  /** SIDs of some that were done, and in late sweeps, and how often one of them was done again: see repeats.ts. */
  sample: string[];
  lateSample: string[];
  repeats: number;
  /** What the record said before anything was done again, or found gone again; null: it goes on to be right. */
  firm: Pick<PurgeRecord, 'counts' | 'digest' | 'activeLeft'> | null;
  /** The last batch whose counts are in the record. */
  settledBatch: number;
  /** Rounds over what failed. */
  retryRound: number;
  /** Whether this round has made any good. */
  retryHelped: boolean;
  /** The failure up to which this round has come, by its mark; null: it begins. */
  retriedTo: string | null;
  /** Slices in a row in which nothing could be done. */
  fruitless: number;
  /** null if no step has begun, or if the last one ended with an error and its worker did not die. */
  begun: Begun | null;
  /** What kept whole flows from being listed, by alias. */
  flowErrors: { flow: string; reason: string }[];
};

export type PurgeRecord = {
  id: string;
  request: PurgeRequest;
  requestedBy: string;
  /** The policy that this is a run of. */
  policy: string | null;
  status: PurgeStatus;
  dateStarted: string;
  dateUpdated: string;
  dateEnded: string | null;
  window: Window;
  flows: readonly PurgedFlow[];
  counts: Counts;
  /** Of a dry run: how many of the matched ones are active and would be ended first. */
  activeMatched: number;
  /** Of a contact's erasure with the status `ended`: how many active executions it has and keeps. */
  activeLeft: number;
  failures: Failure[];
  digest: SidDigest;
  error: string | null;
  progress: Progress;
};

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
