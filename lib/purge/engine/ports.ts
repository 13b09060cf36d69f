import type { Batch, FailedItem, OwnedBatch } from '../batch/batch.ts';
import type { upstreamOf } from '../batch/upstream.ts';
import type { ContactKey } from '../order/contact-key.ts';
import type { PurgeRecord } from '../record/record.ts';

/** What a slice works with. */
export type Ports = {
  store: PurgeStore;
  failures: FailureStore;
  locks: LockStore;
  upstream: Upstream;
  limiter: Limiter;
  /** undefined where no archive is configured. */
  archive: ArchiveStore | undefined;
  contactKey(): Promise<ContactKey>;
  now(): number;
  after: After;
  /** Milliseconds left of the process's own time. */
  remainingMs(): number;
};

/** Calls `then` once, after `ms`. Returns a function that cancels it. */
type After = (ms: number, then: () => void) => () => void;

export type Upstream = ReturnType<typeof upstreamOf>;

/**
 * Does the work for each item, as much at a time as Studio accepts. Ends, and throws, when all of it has
 * ended.
 */
export type Limiter = { each<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> };

export type StoredPurge = { record: PurgeRecord; version: number; stopRequested: boolean };

type PurgePage = { purges: PurgeRecord[]; next: string | null };

export type PurgeStore = {
  create(record: PurgeRecord): Promise<'created' | 'exists'>;
  read(id: string): Promise<StoredPurge | undefined>;
  /** Throws a SupersededError if another save has replaced `version`. */
  save(record: PurgeRecord, version: number): Promise<{ version: number; stopRequested: boolean }>;
  /** Returns what is stored after that; a finished purge stays as it is. */
  requestStop(id: string): Promise<StoredPurge | undefined>;
  /** Newest first, of those older than `before`. */
  list(limit: number, before: string | null): Promise<PurgePage>;
  /** Throws a SupersededError if there is a batch with this number. */
  openBatch(purge: string, batch: Batch): Promise<OwnedBatch>;
  /** Takes the batch over. Throws a SupersededError if it is gone. */
  takeBatch(purge: string, seq: number): Promise<OwnedBatch>;
  /** Throws a SupersededError if another worker has taken the batch over. */
  saveBatch(purge: string, batch: OwnedBatch): Promise<void>;
  dropBatch(purge: string, seq: number): Promise<void>;
  /** The open batches and the last settled ones, by number. */
  batches(purge: string): AsyncIterable<Batch>;
};

/** `flow`: index into the record's flows. */
export type KnownFailure = FailedItem & { flow: number };

/** The failed SIDs of a purge, in the order of flow, creation and SID. */
export type FailureStore = {
  /** Replaces one that is there. */
  put(purge: string, flow: number, failed: readonly FailedItem[]): Promise<void>;
  drop(purge: string, flow: number, failed: readonly FailedItem[]): Promise<void>;
  /** The SIDs of those created between the two seconds, both included, and of those without a date. */
  within(purge: string, flow: number, from: string, to: string): Promise<Set<string>>;
  /** At most `limit` (default 1,000) after the sort key of an earlier page; `next` is null at the end. */
  page(
    purge: string,
    after: string | null,
    limit?: number,
  ): Promise<{ failures: KnownFailure[]; next: string | null }>;
};

/** The lock that lets one purge at a time act on a flow. It expires by itself. */
export type LockStore = {
  /**
   * Returns false while another purge has the lock. `isUrgent`: to have it next, before those that are not.
   */
  acquire(flowSid: string, purge: string, isUrgent: boolean): Promise<boolean>;
  /** Passes the lock to the purge that waits for it, if any. */
  release(flowSid: string, purge: string): Promise<void>;
};

/** The slot of one running purge, which `caller` requested. */
export type Slot = { purge: string; caller: string; takenMs: number };

export type SlotStore = {
  read(): Promise<{ slots: readonly Slot[]; version: number }>;
  /** Returns false and writes nothing if the slots have changed since `version` was read. */
  write(slots: readonly Slot[], version: number): Promise<boolean>;
};

export type ArchiveStore = {
  /** Resolves when the object is surely stored. */
  put(key: string, body: Uint8Array, signal?: AbortSignal): Promise<void>;
};

/** Starts a durable run of the worker. A second start of the same run changes nothing. */
export type WorkerStarter = { start(purge: string, run: number): Promise<void> };

/** Another worker has taken the purge over, and may have crashed since. This one must change nothing more. */
export class SupersededError extends Error {
  override readonly name = 'SupersededError';
}
