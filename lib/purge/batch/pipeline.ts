import { LISTING_MS, MAX_BATCH_SIZE, MAX_OPEN_BATCHES } from '../engine/limits.ts';
import { abort, afterSuccess, type Change, type Slice } from '../engine/slice-state.ts';
import { type Acted, actOn, type Item } from './act.ts';
import { archiveBatch } from './archive.ts';
import type { Batch, FailedItem, ListedItems, NewItem, OwnedBatch } from './batch.ts';
import { type Results, settle } from './settle.ts';

export type NewBatch = {
  flow: number;
  items: readonly NewItem[];
  /** Of these items. */
  retried?: FailedItem[];
  /** Failures that were counted as gone. There is nothing to do for them. */
  wereGone?: FailedItem[];
  /** Whether they are in the archive already. */
  archived?: boolean;
  /** `left`: the items for which there was no time. */
  onSettled?: (left: readonly NewItem[]) => Change;
};

/** Saves batches, acts on several at a time, and settles them in the order of their numbers. */
export class Pipeline {
  readonly #slice: Slice;
  readonly #startedMs: number;
  #settling: Promise<void> = Promise.resolve();
  #openBatches = 0;
  #next: number;
  #changes = 0;
  #acted = 0;
  /** Executions that were submitted and not acted on yet. */
  #backlog = 0;
  #onProgress: () => void = () => undefined;
  #lockedFlow: string | null = null;

  constructor(slice: Slice) {
    this.#slice = slice;
    this.#startedMs = slice.ports.now();
    this.#next = slice.state.record.progress.settledBatch + 1;
  }

  /**
   * Locks the flow for this purge. Returns false if the slice cannot go on: another purge has the lock, or a
   * batch of the flow that is locked stays open.
   */
  async mayActOn(flow: number): Promise<boolean> {
    const { ports, state } = this.#slice;
    const { id, flows, request } = state.record;
    const flowSid = flows[flow]?.sid;
    if (flowSid === undefined || this.#lockedFlow === flowSid) return true;
    await this.drained();
    if (this.#slice.state.leftOpen) return false;
    await this.unlock();
    if (await ports.locks.acquire(flowSid, id, request.contact !== null)) this.#lockedFlow = flowSid;
    else this.#slice.apply({ awaitsLock: true });
    return this.#lockedFlow === flowSid;
  }

  /** Throws a SupersededError instead of releasing the lock of a worker that has taken over. */
  async unlock(): Promise<void> {
    if (this.#lockedFlow === null) return;
    await this.#slice.confirm();
    await this.#slice.ports.locks.release(this.#lockedFlow, this.#slice.state.record.id);
    this.#lockedFlow = null;
  }

  get isBusy(): boolean {
    return this.#openBatches > 0;
  }

  /** See ListOptions. */
  idleVersion(): number | null {
    return this.isBusy ? null : this.#changes;
  }

  /** Resolves when all batches are settled or left open. Throws the error of the one that was not. */
  async drained(): Promise<void> {
    await this.#settling;
  }

  /** Recovers an open batch. The purge must have the lock. */
  async recover(batch: OwnedBatch): Promise<void> {
    this.#next = Math.max(this.#next, batch.seq + 1);
    await settle(this.#slice, await this.#act(batch, new Map(), true), () => ({}));
  }

  /** Resolves when so little is left to do that it is time to list the next executions. */
  async submit(wanted: NewBatch): Promise<void> {
    const { items } = wanted;
    const batch = await this.#save(wanted);
    this.#backlog += items.length;
    let left = items.length;
    const acting = this.#act(batch, new Map(items.map((item) => [item.sid, item])), false, () => {
      left -= 1;
      this.#countActed(1);
    }).finally(() => this.#countActed(left));
    this.#settling = this.#settleInOrder(acting, wanted);
    this.#watch(this.#settling);
    while (!this.#hasRoom())
      await new Promise<void>((resolve) => {
        this.#onProgress = resolve;
      });
  }

  /** Whether the rest of the submitted work takes no longer than listing and saving the next batch. */
  #hasRoom(): boolean {
    const perMs = this.#acted / Math.max(1, this.#slice.ports.now() - this.#startedMs);
    const isLittleLeft = this.#backlog <= Math.max(MAX_BATCH_SIZE / 2, perMs * LISTING_MS);
    return isLittleLeft && this.#openBatches < MAX_OPEN_BATCHES;
  }

  async #save({ flow, items, retried, wereGone, archived }: NewBatch): Promise<OwnedBatch> {
    const { ports, state } = this.#slice;
    this.#slice.apply({ openItems: state.openItems + items.length });
    this.#changes += 1;
    return ports.store.openBatch(state.record.id, {
      seq: this.#next++,
      flow,
      retried: retried ?? null,
      wereGone: wereGone !== undefined,
      archived: archived ?? false,
      active: items.filter(({ active }) => active).map(({ sid }) => sid),
      inactive: items.filter(({ active }) => !active).map(({ sid }) => sid),
      outcome: { archived: 0, done: [], ended: 0, gone: [], failed: wereGone ?? [] },
    });
  }

  async #settleInOrder(acting: Promise<Results>, { items, onSettled }: NewBatch): Promise<void> {
    const before = this.#settling;
    // Waits for both, so that no call is in flight when an error is thrown.
    await Promise.allSettled([before, acting]);
    await before;
    const results = await acting;
    await settle(this.#slice, results, ({ outcome }) => {
      const dealtWith = new Set([...outcome.done, ...outcome.gone, ...outcome.failed.map(({ sid }) => sid)]);
      const left = items.filter(({ sid }) => !dealtWith.has(sid));
      // In the same change as the counts, because the limit is compared with their sum.
      return { openItems: this.#slice.state.openItems - items.length, ...onSettled?.(left) };
    });
  }

  #watch(settled: Promise<void>): void {
    this.#openBatches += 1;
    const fail = () =>
      this.#slice.apply(abort(this.#slice.state, { reason: 'the slice failed', refused: false }));
    void settled.catch(fail).then(() => {
      this.#openBatches -= 1;
      this.#changes += 1;
      this.#onProgress();
    });
  }

  #countActed(count: number): void {
    this.#acted += count;
    this.#backlog -= count;
    this.#onProgress();
  }

  async #act(
    saved: OwnedBatch,
    listed: ListedItems,
    isRecovery: boolean,
    onActed: () => void = () => undefined,
  ): Promise<Results> {
    const slice = this.#slice;
    const { request, flows, id } = slice.state.record;
    const flowSid = flows[saved.flow]?.sid;
    if (flowSid === undefined) throw new Error(`Purge ${id} has no flow ${saved.flow}`);
    // An execution is archived before anything is done to it.
    const isUntouched = request.archive && !saved.archived;
    const batch = isUntouched ? await archiveBatch(slice, saved, listed) : saved;
    if (!batch) return { batch: saved, listed, acted: cutAll([...saved.active, ...saved.inactive]) };
    if (!isUntouched) await slice.confirm();

    const items = itemsOf(batch, isRecovery && !isUntouched);
    const acted = new Map<string, Acted>();
    await slice.ports.limiter.each(items, async (item) => {
      if (!(isRecovery ? slice.mayRecover : slice.mayStartItem)) return;
      const result = await actOn(slice.ports.upstream, flowSid, item, request.action, slice.time.signal);
      acted.set(item.sid, result);
      if (result.outcome === 'cut') return;
      if (result.outcome === 'failed') slice.failed(item.sid, result);
      else slice.apply(afterSuccess());
      if (result.outcome === 'already-gone') slice.seen.addGone(item.sid);
      onActed();
    });
    // The rest stays in the batch: an earlier worker may have done it, or it is in the archive already.
    const staysOpen = isRecovery || (batch.archived && !slice.state.stopRequested);
    const rest = staysOpen ? items.filter(({ sid }) => !acted.has(sid)) : [];
    return { batch, listed, acted: new Map([...acted, ...cutAll(rest.map(({ sid }) => sid))]) };
  }
}

function cutAll(sids: readonly string[]): Map<string, Acted> {
  return new Map(sids.map((sid) => [sid, { outcome: 'cut' }]));
}

function itemsOf({ active, inactive, retried }: Batch, mayBeDone: boolean): Item[] {
  const before = new Map(retried?.map(({ sid, possibleEffect }) => [sid, possibleEffect]));
  const item = (sid: string, isActive: boolean): Item => ({
    sid,
    active: isActive,
    possibleEffect: mayBeDone ? 'deleted' : (before.get(sid) ?? 'nothing'),
  });
  return [...active.map((sid) => item(sid, true)), ...inactive.map((sid) => item(sid, false))];
}
