import type { Failing } from '../batch/act.ts';
import type { Batch } from '../batch/batch.ts';
import { SeenSids } from '../batch/seen-sids.ts';
import { addCounts, type Counts, type Progress, type PurgeRecord } from '../record/record.ts';
import { startStep } from './crashes.ts';
import {
  BREAKER_FAILURES,
  BREAKER_REFUSALS,
  LAST_SLICE_MS,
  SLICE_BATCHES_MS,
  SLICE_ITEMS_MS,
  STOP_GRACE_MS,
  STOP_POLL_MS,
} from './limits.ts';
import { type Ports, type StoredPurge, SupersededError } from './ports.ts';
import { SliceTime } from './slice-time.ts';

/** Why a slice stops before its time: Studio, or the archive, does not do its part now. */
export type AbortReason = { reason: string; refused: boolean };

/** Where a slice stands. A phase takes it and returns a Change; only `applyChange` makes another one. */
export type SliceState = {
  /** The record, with what is not saved yet. */
  readonly record: PurgeRecord;
  readonly stopRequested: boolean;
  readonly abortReason: AbortReason | null;
  /** Failures with no success between them. */
  readonly failuresInARow: { readonly transient: number; readonly permanent: number };
  /** Whether the slice has acted on anything, or listed further. */
  readonly madeProgress: boolean;
  /** Whether anything was deleted or ended, or found so. */
  readonly hasActed: boolean;
  /** Executions in batches that are not settled. */
  readonly openItems: number;
  /** Whether a batch stays open for the next slice, because the outcome of some calls is unknown. */
  readonly leftOpen: boolean;
  /** Whether another purge has the lock of the flow that is next. */
  readonly awaitsLock: boolean;
  /** Before the next slice. */
  readonly pauseSeconds: number;
};

export type Change = Partial<Omit<SliceState, 'record'>> & {
  readonly record?: Partial<PurgeRecord>;
  readonly progress?: Partial<Progress>;
};

export function firstState({ record, stopRequested }: StoredPurge): SliceState {
  return {
    record,
    stopRequested,
    abortReason: null,
    failuresInARow: { transient: 0, permanent: 0 },
    madeProgress: false,
    hasActed: false,
    openItems: 0,
    leftOpen: false,
    awaitsLock: false,
    pauseSeconds: 0,
  };
}

export function applyChange(state: SliceState, { record, progress, ...change }: Change): SliceState {
  const before = state.record;
  return {
    ...state,
    ...change,
    record: { ...before, ...record, progress: { ...before.progress, ...record?.progress, ...progress } },
  };
}

export function afterSuccess(): Change {
  return { madeProgress: true, hasActed: true, failuresInARow: { transient: 0, permanent: 0 } };
}

/**
 * Counts a failure (circuit breaker). 50 transient failures in a row mean that Studio is down. Permanent ones
 * may be about the executions, but a thousand in a row are not: the permission may have been revoked.
 */
export function afterFailure(state: SliceState, { reason, transient, refused }: Failing): Change {
  const before = state.failuresInARow;
  const failuresInARow = transient
    ? { ...before, transient: before.transient + 1 }
    : { ...before, permanent: before.permanent + 1 };
  const isRefused = failuresInARow.permanent >= BREAKER_REFUSALS;
  if (!isRefused && failuresInARow.transient < BREAKER_FAILURES) return { failuresInARow };
  return { failuresInARow, ...abort(state, { reason, refused: refused || isRefused }) };
}

/** The first reason stays. */
export function abort(state: SliceState, abortReason: AbortReason): Change {
  return { abortReason: state.abortReason ?? abortReason };
}

/** How many more executions the limit allows. */
export function remainingLimit({ record: { request, counts }, openItems }: SliceState): number {
  return request.limit === null ? Number.POSITIVE_INFINITY : request.limit - counts.matched - openItems;
}

/** One slice while it runs: its state, its record in the store, and its time. */
export class Slice {
  readonly ports: Ports;
  readonly time: SliceTime;
  readonly seen = new SeenSids();
  readonly #step: string;
  readonly #before: StoredPurge;
  #state: SliceState;
  #saved: StoredPurge;
  #saving: Promise<void> = Promise.resolve();
  #hasBegun = false;
  #alone: Promise<unknown> = Promise.resolve();
  #isClosed = false;
  #cancelPoll: () => void = () => undefined;

  /** `step` names the durable step that runs this slice. */
  constructor(stored: StoredPurge, ports: Ports, step: string) {
    this.ports = ports;
    this.#step = step;
    this.#before = stored;
    this.#saved = stored;
    this.#state = firstState(stored);
    this.time = new SliceTime(ports, stored.stopRequested);
    this.#pollForStop();
  }

  get state(): SliceState {
    return this.#state;
  }

  apply(change: Change): void {
    this.#state = applyChange(this.#state, change);
  }

  failed(sid: string, failing: Failing): void {
    this.seen.addFailed(sid);
    this.apply(afterFailure(this.#state, failing));
  }

  /** What this slice has added to the counts. */
  get added(): Counts {
    return addCounts(this.#state.record.counts, this.#before.record.counts, -1);
  }

  /** Whether a stop was requested before it: then it only recovers batches. */
  get isLast(): boolean {
    return this.#before.stopRequested;
  }

  /** Whether it has made progress, or settled a batch in which all executions failed. */
  get gotFurther(): boolean {
    const { record, madeProgress } = this.#state;
    return madeProgress || record.progress.settledBatch > this.#before.record.progress.settledBatch;
  }

  get mayStartBatch(): boolean {
    return this.#mayStart(SLICE_BATCHES_MS);
  }

  get mayStartItem(): boolean {
    return this.#mayStart(SLICE_ITEMS_MS);
  }

  /** Open batches are recovered even after a stop request, because only that makes the counts true. */
  get mayRecover(): boolean {
    const { abortReason, stopRequested } = this.#state;
    return abortReason === null && this.time.isWithin(stopRequested ? LAST_SLICE_MS : SLICE_ITEMS_MS);
  }

  #mayStart(withinMs: number): boolean {
    const { stopRequested, awaitsLock, abortReason } = this.#state;
    return !stopRequested && !awaitsLock && abortReason === null && this.time.isWithin(withinMs);
  }

  /** Saves the record. Throws a SupersededError if another worker has saved it since. */
  async save(): Promise<void> {
    this.#saving = this.#save();
    await this.#saving;
  }

  async #save(): Promise<void> {
    this.apply({ record: { dateUpdated: new Date(this.ports.now()).toISOString() } });
    const { record } = this.#state;
    const saved = await this.ports.store.save(record, this.#saved.version);
    this.#saved = { ...saved, record };
    if (saved.stopRequested) this.#stop();
  }

  /**
   * Throws a SupersededError if another worker has saved the record. It is called after a batch is opened and
   * before its executions are changed: a worker that takes over later finds the batch and recovers it.
   */
  async confirm(): Promise<void> {
    const { id } = this.#state.record;
    const stored = await this.ports.store.read(id);
    await this.#saving;
    if (!stored || stored.version > this.#saved.version)
      throw new SupersededError(`Another worker has taken over purge ${id}`);
  }

  /** Saves, once and before any work, that the step has started. Throws TooManyCrashes. */
  async begin(open: readonly Batch[] = []): Promise<void> {
    if (this.#hasBegun) return;
    this.#hasBegun = true;
    const { started, error } = startStep(this.#step, this.#state.record, open);
    this.apply({ progress: { startedStep: started } });
    await this.save();
    if (error) throw error;
  }

  /** Saves that the step ended with an error, and so without a crash. Drops unsaved changes. */
  async withdraw(): Promise<void> {
    if (!this.#hasBegun) return;
    this.#state = applyChange(
      { ...this.#state, record: this.#saved.record },
      { progress: { startedStep: null } },
    );
    await this.save();
  }

  /** Runs what it is given one at a time, over all batches of the slice. */
  alone(work: () => Promise<void>): Promise<void> {
    const done = this.#alone.then(work);
    this.#alone = done.catch(() => undefined);
    return done;
  }

  close(): void {
    this.#isClosed = true;
    this.time.close();
    this.#cancelPoll();
  }

  #pollForStop(): void {
    if (this.#state.stopRequested || this.#isClosed) return;
    const again = () => this.#pollForStop();
    this.#cancelPoll = this.ports.after(STOP_POLL_MS, () => {
      this.ports.store
        .read(this.#state.record.id)
        .then((stored) => stored?.stopRequested && this.#stop())
        .then(again, again);
    });
  }

  #stop(): void {
    if (this.#state.stopRequested || this.#isClosed) return;
    this.apply({ stopRequested: true });
    this.time.endWithin(STOP_GRACE_MS);
  }
}
