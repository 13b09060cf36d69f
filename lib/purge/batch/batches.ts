import type { Execution } from '../../studio/types.ts';
import { MAX_OPEN_BATCHES, MOST } from '../engine/limits.ts';
import type { Batch, FailedItem, HeldBatch, Unclear } from '../engine/ports.ts';
import type { Session } from '../engine/session.ts';
import { Turn } from '../engine/turn.ts';
import { type Acted, actOn, type Item } from './act.ts';
import { allOver } from './all-over.ts';
import { archiveBatch } from './archive-batch.ts';
import { Pace } from './pace.ts';
import { type OnSettled, settle } from './settle.ts';

/** `execution` is for the archive: without one, so much of each would be in memory for nothing. */
export type NewItem = { sid: string; active: boolean; created?: string | null; execution?: Execution };

export type NewBatch = {
  flow: number;
  items: readonly NewItem[];
  /** Of these items. */
  retryOf?: { failed: FailedItem[] };
  /** Whether their archive was confirmed by an earlier batch. */
  archived?: boolean;
  onSettled?: OnSettled;
};

/** What became of a batch's executions. Those that were not begun with are in neither. */
export type Results = {
  acted: Map<string, Exclude<Acted, { outcome: 'cut' }>>;
  /** May have been done, or not. */
  open: Set<string>;
  /** Whether anything is left to do, open or not begun with. */
  isCut: boolean;
  listed: ReadonlyMap<string, NewItem>;
};

/** Writes batches down, acts on them side by side, and settles them strictly in their order. */
export class Batches {
  readonly #session: Session;
  #settling: Promise<void> = Promise.resolve();
  #open: Promise<void>[] = [];
  #next: number;
  #changes = 0;
  readonly #pace = new Pace();
  readonly #turn: Turn;

  constructor(session: Session) {
    this.#session = session;
    this.#next = session.record.progress.settledBatch + 1;
    this.#turn = new Turn(session);
  }

  /** Whether it is this purge's turn on the flow; if not, the slice is over. */
  async mayActOn(flow: number): Promise<boolean> {
    const flowSid = this.#session.record.flows[flow]?.sid;
    if (flowSid === undefined || this.#turn.has(flowSid)) return true;
    await this.drained();
    if (await this.#turn.take(flowSid)) return true;
    this.#session.awaitsTurn = true;
    return false;
  }

  /** With every batch settled, it is the next purge's turn. */
  async leave(): Promise<void> {
    await this.#turn.leave();
  }

  /** How many executions the next batch should have. */
  get size(): number {
    return this.#pace.size;
  }

  get isBusy(): boolean {
    return this.#open.length > 0;
  }

  /** See ScanOptions. */
  quietAt(): number | null {
    return this.isBusy ? null : this.#changes;
  }

  /** Resolves when every batch is settled, or left open. Throws what kept one from it. */
  async drained(): Promise<void> {
    await this.#settling;
  }

  /** Does what was begun, and not brought into the record, once more; its order is kept. It has to be this purge's turn. */
  async replay(batch: HeldBatch): Promise<void> {
    this.#next = Math.max(this.#next, batch.seq + 1);
    await settle(this.#session, batch, await this.#act(batch, new Map(), true));
  }

  /** Returns when so little is left to do that it is time to list the next ones. */
  async submit(wanted: NewBatch): Promise<void> {
    while (this.#open.length >= MAX_OPEN_BATCHES) await this.#open[0];
    const { items } = wanted;
    const batch = await this.#writeDown(wanted);
    let undone = items.length;
    this.#pace.isMore(undone);
    const listed = new Map(items.map((item) => [item.sid, item]));
    const acting = this.#act(batch, listed, false, () => {
      undone -= 1;
      this.#pace.isLess(1);
    }).finally(() => this.#pace.isLess(undone));
    this.#settling = this.#settleInOrder(batch, acting, wanted);
    this.#watch(this.#settling, items);
    await this.#pace.littleLeft(items.length);
  }

  async #writeDown({ flow, items, retryOf, archived }: NewBatch): Promise<HeldBatch> {
    const batch: Batch = {
      seq: this.#next++,
      flow,
      retryOf: retryOf ?? null,
      archived: archived ?? false,
      newlyArchived: 0,
      gone: [],
      disputed: false,
      active: items.filter(({ active }) => active).map(({ sid }) => sid),
      inactive: items.filter(({ active }) => !active).map(({ sid }) => sid),
      failed: [],
      outcome: null,
    };
    for (const { sid } of items) this.#session.handled.isUnderWay(sid);
    this.#session.inFlight += items.length;
    this.#changes += 1;
    return this.#session.ports.store.openBatch(this.#session.record.id, batch);
  }

  async #settleInOrder(batch: HeldBatch, acting: Promise<Results>, wanted: NewBatch): Promise<void> {
    const [, results] = await allOver([this.#settling, acting]);
    await settle(this.#session, batch, results, (wasCut) => {
      // In the same breath as the counts, or the limit would see them twice.
      this.#session.inFlight -= wanted.items.length;
      return wanted.onSettled?.(wasCut) ?? {};
    });
  }

  /** Keeps it among the open ones until it is settled. */
  #watch(settled: Promise<void>, items: NewBatch['items']): void {
    this.#open.push(settled);
    const closed = () => {
      this.#open = this.#open.filter((one) => one !== settled);
      this.#changes += 1;
      for (const { sid } of items) this.#session.handled.isOver(sid);
    };
    settled.then(closed, () => {
      this.#session.breakOff();
      closed();
    });
  }

  async #act(
    batch: HeldBatch,
    listed: ReadonlyMap<string, NewItem>,
    isReplay: boolean,
    onActed?: () => void,
  ): Promise<Results> {
    const session = this.#session;
    const results: Results = { acted: new Map(), open: new Set(), isCut: false, listed };
    const startedMs = session.ports.now();
    // Whatever became of its worker: what is not surely in the archive, nothing was done to.
    const isUntouched = session.record.request.archive && !batch.archived;
    if (isUntouched) {
      const stored = await archiveBatch(session, batch, listed);
      results.isCut = stored !== 'all';
      if (stored === 'nothing')
        return { ...results, open: new Set([...batch.active, ...batch.inactive]), isCut: true };
    } else await session.confirm();

    const items = itemsOf(batch, isReplay && !isUntouched);
    const mayBegin = () => (isReplay ? session.mayRepeat : session.mayFinish);
    await this.#actOnEach(batch, items, results, { startedMs, mayBegin, onActed });
    // What was not begun with now may have been done before; what is in the archive would be put there twice.
    if (isReplay || (batch.archived && !session.stopRequested))
      for (const { sid } of items) if (!results.acted.has(sid)) results.open.add(sid);
    results.isCut ||= results.acted.size < items.length;
    return results;
  }

  /** Adds to the results, and learns the pace. */
  async #actOnEach(
    { flow }: Batch,
    items: readonly Item[],
    { acted, open }: Results,
    on: { startedMs: number; mayBegin: () => boolean; onActed: (() => void) | undefined },
  ): Promise<void> {
    const { record, ports } = this.#session;
    const flowSid = record.flows[flow]?.sid;
    if (flowSid === undefined) throw new Error(`Purge ${record.id} has no flow ${flow}`);
    const most = Math.ceil(items.length * MOST);
    await ports.gate.each(items, async (item) => {
      if (!on.mayBegin()) return;
      const result = await actOn(ports.upstream, flowSid, item, record.request.action);
      if (result.outcome === 'cut') return void open.add(item.sid);
      acted.set(item.sid, result);
      if (acted.size === most) this.#pace.learn(most, on.startedMs, ports.now());
      if (result.outcome === 'failed') this.#session.hasFailed(item.sid, result);
      else this.#session.succeeded(item.sid);
      if (result.outcome === 'already-gone') this.#session.handled.isGone(item.sid);
      on.onActed?.();
    });
    if (acted.size < most) this.#pace.learn(acted.size, on.startedMs, ports.now());
  }
}

function itemsOf({ active, inactive, retryOf, disputed }: Batch, mayBeDone: boolean): Item[] {
  const failedBefore = new Map(retryOf?.failed.map(({ sid, unclear }) => [sid, unclear]));
  const unclearOf = (sid: string): Unclear => {
    if (disputed) return 'nothing';
    return mayBeDone ? 'deleted' : (failedBefore.get(sid) ?? 'nothing');
  };
  const item = (sid: string, active: boolean): Item => ({ sid, active, unclear: unclearOf(sid) });
  return [...active.map((sid) => item(sid, true)), ...inactive.map((sid) => item(sid, false))];
}
