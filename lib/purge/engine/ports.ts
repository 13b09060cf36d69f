import type {
  DeleteOutcome,
  EndOutcome,
  Execution,
  ExecutionContext,
  ExecutionStatus,
  Page,
  Step,
} from '../../studio/types.ts';
import type { PurgeRecord } from '../record/record.ts';

/**
 * What the purge asks of Studio. Everything else is thrown as a StudioError; what the signal ends, waiting
 * included, as one of the kind `aborted`.
 */
export type Upstream = {
  /** From the top; each further page is asked for when it is taken, unless `readAhead`. */
  pages(
    flowSid: string,
    query: { status?: ExecutionStatus; dateCreatedFrom?: string; dateCreatedTo: string },
    readAhead: boolean,
    signal?: AbortSignal,
  ): AsyncIterable<Page<Execution>>;
  fetch(flowSid: string, sid: string, signal?: AbortSignal): Promise<Execution>;
  /**
   * Like `steps`, throws an `oversized` StudioError for more than `maxBodyBytes`, which bounds all pages of
   * the steps together.
   */
  context(
    flowSid: string,
    sid: string,
    maxBodyBytes: number,
    signal?: AbortSignal,
  ): Promise<ExecutionContext>;
  steps(flowSid: string, sid: string, maxBodyBytes: number, signal?: AbortSignal): AsyncIterable<Step>;
  end(flowSid: string, sid: string, signal?: AbortSignal): Promise<EndOutcome>;
  delete(flowSid: string, sid: string, signal?: AbortSignal): Promise<DeleteOutcome>;
};

/** Does the work for each item, as much at a time as Studio lets through; it ends, and throws, when all is over. */
export type Gate = { each<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> };

/** A record as it stands in the store. */
export type StoredPurge = { record: PurgeRecord; version: number; stopRequested: boolean };

/** What this purge may have done to an execution by a call whose answer it never got. */
export type Unclear = 'nothing' | 'ended' | 'deleted';

export type FailedItem = {
  sid: string;
  /** When it was created, as Studio says; null where that is not known. */
  created: string | null;
  active: boolean;
  archived: boolean;
  reason: string;
  /** Whether another try may help. */
  transient: boolean;
  unclear: Unclear;
  /** The last round over failures in which it was tried; 0 before the first. */
  round: number;
};

/**
 * What is about to be done to these executions, written down before it is done. Found again after a crash,
 * it is done again, and what is gone by then was this purge's own work.
 */
export type Batch = {
  seq: number;
  /** Index into the record's flows. */
  flow: number;
  /** The failures that this batch tries again and takes over. */
  retryOf: { failed: FailedItem[] } | null;
  /** Whether `active` and `inactive` are surely in the archive, in this batch's object or an earlier one's. */
  archived: boolean;
  /** How many of them this batch's own object holds. */
  newlyArchived: number;
  /** SIDs that were gone when they were to be archived or acted on. */
  gone: string[];
  /** Another purge has had its turn on the flow since this was begun: what is gone may be that one's work. */
  disputed: boolean;
  /** What is to be done still, `active` ones ended first. */
  active: string[];
  inactive: string[];
  failed: FailedItem[];
  /** What has been done of it, until it is in the record; only written down where it took more than one go. */
  outcome: BatchOutcome | null;
};

/** A batch in the hands of a worker: only the last that opened or took it may save it. */
export type HeldBatch = Batch & { holder: string };

export type BatchOutcome = {
  done: string[];
  ended: number;
  alreadyGone: number;
  /** All that anything was done about, what failed among them. */
  touched: number;
};

export type PurgePage = { purges: PurgeRecord[]; next: string | null };

export type PurgeStore = {
  create(record: PurgeRecord): Promise<'created' | 'exists'>;
  read(id: string): Promise<StoredPurge | undefined>;
  /** Throws a SupersededError if somebody else saved since `version` was read. */
  save(record: PurgeRecord, version: number): Promise<{ version: number; stopRequested: boolean }>;
  /** What stands in the store after the wish was noted; a finished purge stays as it is. */
  requestStop(id: string): Promise<StoredPurge | undefined>;
  /** Newest first, of those older than `before`. */
  list(limit: number, before: string | null): Promise<PurgePage>;
  /** Throws an OpenAlreadyError if there is a batch of that number. */
  openBatch(purge: string, batch: Batch): Promise<HeldBatch>;
  /** As it stands, out of the hands of whoever had it. Throws a SupersededError if it is there no more. */
  takeBatch(purge: string, seq: number): Promise<HeldBatch>;
  /** Throws a SupersededError if somebody else has taken it since. */
  saveBatch(purge: string, batch: HeldBatch): Promise<void>;
  dropBatch(purge: string, seq: number): Promise<void>;
  /** Those that were not dropped yet, in the order of their numbers: the few that were open last. */
  batches(purge: string): AsyncIterable<Batch>;
};

/** Of which flow, by its index into the record's. */
export type KnownFailure = FailedItem & { flow: number };

/** What failed in a purge, however many they are: in the order of flow, creation and SID, so that a sweep meets them where it lists them. */
export type FailureStore = {
  /** One that is there already is replaced. */
  put(purge: string, flow: number, failed: readonly FailedItem[]): Promise<void>;
  drop(purge: string, flow: number, failed: readonly FailedItem[]): Promise<void>;
  /** The SIDs of those created from the one second to the other, and of those whose creation is not known. */
  within(purge: string, flow: number, from: string, to: string): Promise<Set<string>>;
  /** In their order, after the mark of an earlier page, 1,000 of them unless told; `next` is null when nothing follows. */
  page(
    purge: string,
    after: string | null,
    limit?: number,
  ): Promise<{ failures: KnownFailure[]; next: string | null }>;
};

/**
 * Whose turn it is to act on a flow. Two purges that had the same execution under way could not tell, after a
 * lost answer or a worker's death, which of them it was that deleted it.
 */
export type TurnStore = {
  /** The id of the purge whose turn it is; another's is waited for, and comes when that one leaves. */
  ask(flowSid: string, purge: string): Promise<string>;
  /** Hands it to who has waited longest, if anybody has. */
  leave(flowSid: string, purge: string): Promise<void>;
  /** Takes it from a purge that will not leave any more; false when it has left after all. */
  takeOver(flowSid: string, from: string, purge: string): Promise<boolean>;
};

/** The slot of one running purge, which `caller` requested. */
export type Slot = { purge: string; caller: string; takenMs: number };

export type SlotStore = {
  read(): Promise<{ slots: readonly Slot[]; version: number }>;
  /** Returns false and writes nothing if the slots have changed since `version` was read. */
  write(slots: readonly Slot[], version: number): Promise<boolean>;
};

/** Another worker goes on with this purge; this one must touch nothing any more. */
export class SupersededError extends Error {
  override readonly name = 'SupersededError';
}

/** Another worker has opened a batch here. It may be dead: so the batch is to be taken up, and not left to it. */
export class OpenAlreadyError extends Error {
  override readonly name = 'OpenAlreadyError';
}

export type ArchiveStore = {
  /** Resolves when the object is surely stored. */
  put(key: string, body: Uint8Array, signal?: AbortSignal): Promise<void>;
};

/** Starts a durable run of the worker; a second start of the same run changes nothing. */
export type WorkerStarter = { start(purge: string, run: number): Promise<void> };
