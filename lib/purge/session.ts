import type { ContactKey } from './contact.ts';
import {
  BREAKER_FAILURES,
  PROCESS_MARGIN_MS,
  RECENT_SIDS,
  SLICE_BATCHES_MS,
  SLICE_ITEMS_MS,
  STUCK_SLICE_MS,
} from './limits.ts';
import type { ArchiveStore, Gate, PurgeStore, StoredPurge, TurnStore, Upstream } from './ports.ts';
import { type Counts, type PurgeRecord, subtractCounts } from './record.ts';
import { isoMillisecond } from './selection.ts';

export type Ports = {
  store: PurgeStore;
  turns: TurnStore;
  upstream: Upstream;
  gate: Gate;
  /** undefined where no archive is configured. */
  archive: ArchiveStore | undefined;
  contactKey(): Promise<ContactKey>;
  now(): number;
  /** What is left of the process's own time. */
  remainingMs(): number;
};

/** Why a slice gives up before it is done: Studio, or the archive, does not do its part now. */
export type Trouble = { reason: string; refused: boolean };

/** One slice's work on one purge: the record as it was last saved, and what must not outlive the slice. */
export class Session {
  readonly ports: Ports;
  readonly startedMs: number;
  trouble: Trouble | null = null;
  /** It is another purge's turn on the flow that is next. */
  awaitsTurn = false;
  /** Every execution that failed, in this slice or before. */
  readonly failed = new Set<string>();
  /** About to be acted on, or being acted on. */
  readonly underWay = new Set<string>();
  /** Handed over in batches that are not settled yet. */
  inFlight = 0;
  /** Whether anything at all got further in this slice. */
  gotOn = false;
  #stored: StoredPurge;
  readonly #before: PurgeRecord;
  readonly #remainingAtStartMs: number;
  #failuresInARow = 0;
  readonly #recent = new Set<string>();

  constructor(stored: StoredPurge, ports: Ports) {
    this.#stored = stored;
    this.#before = stored.record;
    this.#remainingAtStartMs = ports.remainingMs();
    this.ports = ports;
    this.startedMs = ports.now();
  }

  get record(): PurgeRecord {
    return this.#stored.record;
  }

  /** Whether this slice got further, or dealt with something at least. */
  get hasGotOn(): boolean {
    return this.gotOn || this.record.progress.settledBatch > this.#before.progress.settledBatch;
  }

  /** What this slice has added to the counts so far. */
  get added(): Counts {
    return subtractCounts(this.record.counts, this.#before.counts);
  }

  get stopRequested(): boolean {
    return this.#stored.stopRequested;
  }

  /** Changes the record in memory; the next `save` writes it. */
  change(changes: Partial<PurgeRecord>): void {
    this.#stored = { ...this.#stored, record: { ...this.#stored.record, ...changes } };
  }

  progress(changes: Partial<PurgeRecord['progress']>): void {
    this.change({ progress: { ...this.record.progress, ...changes } });
  }

  /** Writes the record, unless somebody else has; learns whether it shall stop. */
  async save(): Promise<void> {
    this.change({ dateUpdated: isoMillisecond(this.ports.now()) });
    const saved = await this.ports.store.save(this.record, this.#stored.version);
    this.#stored = { ...this.#stored, ...saved };
  }

  async lookForStop(): Promise<void> {
    const stored = await this.ports.store.read(this.record.id);
    if (stored?.stopRequested) this.#stored = { ...this.#stored, stopRequested: true };
  }

  /** Whether to begin another batch. */
  get mayGoOn(): boolean {
    return this.#mayGoOn(SLICE_BATCHES_MS);
  }

  /** Whether to begin with another execution of a batch under way. */
  get mayFinish(): boolean {
    return this.#mayGoOn(SLICE_ITEMS_MS);
  }

  #mayGoOn(sliceMs: number): boolean {
    if (this.stopRequested || this.awaitsTurn || this.trouble !== null) return false;
    const elapsedMs = this.ports.now() - this.startedMs;
    const allowedMs = this.gotOn ? sliceMs : STUCK_SLICE_MS;
    // A process that is given less time than the margin leaves half of what it has.
    const marginMs = Math.min(PROCESS_MARGIN_MS + SLICE_ITEMS_MS - sliceMs, this.#remainingAtStartMs / 2);
    return elapsedMs < allowedMs && this.ports.remainingMs() > marginMs;
  }

  isHandled(sid: string): boolean {
    return this.underWay.has(sid) || this.#recent.has(sid) || this.failed.has(sid);
  }

  succeeded(sid: string): void {
    this.gotOn = true;
    this.#failuresInARow = 0;
    this.#recent.add(sid);
    if (this.#recent.size > RECENT_SIDS) {
      const [oldest] = this.#recent;
      if (oldest !== undefined) this.#recent.delete(oldest);
    }
  }

  /** Many in a row are not about the executions any more. */
  hasFailed(reason: string, transient: boolean): void {
    this.#failuresInARow = transient ? this.#failuresInARow + 1 : 0;
    if (this.#failuresInARow >= BREAKER_FAILURES)
      this.trouble ??= { reason, refused: reason.includes('refused-credentials') };
  }
}
