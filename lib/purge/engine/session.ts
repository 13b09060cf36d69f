import type { Failing } from '../batch/act.ts';
import type { ArchivePass } from '../batch/archive.ts';
import { Breaker, type Trouble } from '../batch/breaker.ts';
import { Handled } from '../batch/handled.ts';
import { createLanes } from '../batch/lanes.ts';
import type { ContactKey } from '../order/contact-key.ts';
import { isoMillisecond } from '../order/selection.ts';
import { type Counts, type PurgeRecord, subtractCounts } from '../record/record.ts';
import { until } from '../sweep/upstream.ts';
import { begunBy, TooManyDeaths } from './deaths.ts';
import {
  ARCHIVE_PASSES,
  HEARTBEAT_MS,
  LAST_SLICE_MS,
  MAX_DEATHS,
  SLICE_BATCHES_MS,
  SLICE_ITEMS_MS,
  STOP_GRACE_MS,
  STOP_POLL_MS,
  STUCK_SLICE_MS,
} from './limits.ts';
import {
  type ArchiveStore,
  type Batch,
  type FailureStore,
  type Gate,
  type PurgeStore,
  type StoredPurge,
  SupersededError,
  type TurnStore,
  type Upstream,
} from './ports.ts';
import { type After, SliceTime } from './slice-time.ts';

export type Ports = {
  store: PurgeStore;
  failures: FailureStore;
  turns: TurnStore;
  upstream: Upstream;
  gate: Gate;
  /** undefined where no archive is configured. */
  archive: ArchiveStore | undefined;
  contactKey(): Promise<ContactKey>;
  now(): number;
  after: After;
  /** What is left of the process's own time. */
  remainingMs(): number;
};

/** One slice's work on one purge: the record as it was last saved, and what must not outlive the slice. */
export class Session {
  /** `upstream` ends with the slice's time. */
  readonly ports: Ports;
  readonly time: SliceTime;
  trouble: Trouble | null = null;
  /** What is next has to be waited for. */
  pauseSeconds = 0;
  /** It is another purge's turn on the flow that is next. */
  awaitsTurn = false;
  /** A batch is written down still, with what may or may not have been done: the next slice does it once more. */
  leftOpen = false;
  readonly handled = new Handled();
  /** Shared by all batches that are archived at the same time. */
  readonly passes: readonly ArchivePass[] = ARCHIVE_PASSES.map(({ maxBodyBytes, atOnce }) => ({
    maxBodyBytes,
    lanes: createLanes(atOnce),
  }));
  /** Handed over in batches that are not settled yet. */
  inFlight = 0;
  /** Whether anything at all got further in this slice. */
  gotOn = false;
  /** Whether anything was ended or deleted, or found so. */
  hasDone = false;
  readonly #step: string;
  #stored: StoredPurge;
  readonly #before: PurgeRecord;
  readonly #breaker = new Breaker();
  #cancelPoll: () => void = () => undefined;
  #isClosed = false;
  #savedMs: number;
  #saved: PurgeRecord;
  #hasBegun = false;
  #saving: Promise<void> = Promise.resolve();

  /** `step` names the durable step that runs this slice. */
  constructor(stored: StoredPurge, ports: Ports, step: string) {
    this.#step = step;
    this.#stored = stored;
    this.#before = stored.record;
    this.#saved = stored.record;
    this.time = new SliceTime(ports, stored.stopRequested);
    this.ports = { ...ports, upstream: until(this.time.signal, ports.upstream) };
    this.#savedMs = this.time.startedMs;
    this.#pollForStop();
  }

  /** No timer goes on after it. */
  close(): void {
    this.#isClosed = true;
    this.time.close();
    this.#cancelPoll();
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
    this.#saving = this.#save();
    await this.#saving;
  }

  /**
   * Throws a SupersededError if somebody else has written the record. A batch that was opened or taken before this
   * is met by whoever goes on with the purge: who takes it up or ends it writes the record first, and opens the same number.
   */
  async confirm(): Promise<void> {
    const { id } = this.record;
    const stored = await this.ports.store.read(id);
    await this.#saving;
    if (!stored || stored.version > this.#stored.version)
      throw new SupersededError(`Purge ${id} is somebody else's now`);
  }

  async #save(): Promise<void> {
    this.#savedMs = this.ports.now();
    this.change({ dateUpdated: isoMillisecond(this.#savedMs) });
    const { record } = this;
    const { version, stopRequested } = await this.ports.store.save(record, this.#stored.version);
    this.#saved = record;
    this.#stored = { ...this.#stored, version };
    if (stopRequested) this.#stop();
  }

  /**
   * Records, once per slice and before its work, that this step begins with these batches open. From then on,
   * late writes fail: those of a dead worker, and those of a request that believes the purge did not start.
   * Throws TooManyDeaths.
   */
  async begin(open: readonly Batch[] = []): Promise<void> {
    if (this.#hasBegun) return;
    this.#hasBegun = true;
    this.progress({ begun: begunBy(this.#step, this.record, open) });
    await this.save();
    if ((this.record.progress.begun?.deaths ?? 0) >= MAX_DEATHS) throw new TooManyDeaths(this.record, open);
  }

  /** Records that the slice ended with an error, which does not count as a death. Drops unsaved changes. */
  async withdraw(): Promise<void> {
    if (!this.#hasBegun) return;
    this.change({ ...this.#saved, progress: { ...this.#saved.progress, begun: null } });
    await this.save();
  }

  /** Where a slice only lists, nothing else writes the record. */
  async heartbeat(): Promise<void> {
    if (this.ports.now() - this.#savedMs >= HEARTBEAT_MS) await this.save();
  }

  /** By the clock, not by what is being done: also while nothing gets on. */
  #pollForStop(): void {
    if (this.stopRequested || this.#isClosed) return;
    this.#cancelPoll = this.ports.after(STOP_POLL_MS, () => {
      const again = () => this.#pollForStop();
      // If it cannot be read now, then it can the next time, or the slice's own writes say so.
      this.#lookForStop().then(again, again);
    });
  }

  async #lookForStop(): Promise<void> {
    const stored = await this.ports.store.read(this.record.id);
    if (stored?.stopRequested) this.#stop();
  }

  /** What is under way may end by itself, for a while. */
  #stop(): void {
    if (this.stopRequested || this.#isClosed) return;
    this.#stored = { ...this.#stored, stopRequested: true };
    this.time.endWithin(STOP_GRACE_MS);
  }

  /** Whether to begin another batch. */
  get mayGoOn(): boolean {
    return this.#mayBegin(SLICE_BATCHES_MS);
  }

  /** Whether to begin with another execution of a batch under way. */
  get mayFinish(): boolean {
    return this.#mayBegin(SLICE_ITEMS_MS);
  }

  /** What was begun before is finished even after a wish to stop: only that makes the counts true. */
  get mayRepeat(): boolean {
    return this.trouble === null && this.time.isWithin(this.stopRequested ? LAST_SLICE_MS : SLICE_ITEMS_MS);
  }

  #mayBegin(sliceMs: number): boolean {
    if (this.stopRequested || this.awaitsTurn || this.trouble !== null) return false;
    return this.time.isWithin(this.gotOn ? sliceMs : STUCK_SLICE_MS);
  }

  /** Nothing more is begun: what failed will be thrown, once all that is under way is over. */
  breakOff(): void {
    this.trouble ??= { reason: 'the slice failed', refused: false };
  }

  succeeded(sid: string): void {
    this.gotOn = true;
    this.hasDone = true;
    this.#breaker.reset();
    this.handled.isDone(sid);
  }

  /** Many in a row are not about the executions any more. */
  hasFailed(sid: string, failing: Failing): void {
    this.handled.hasFailed(sid);
    this.trouble ??= this.#breaker.failed(failing);
  }
}
