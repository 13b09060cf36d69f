import type { Execution } from '../studio/types.ts';
import { type Acted, actOn } from './act.ts';
import { archiveKey, collect } from './archive.ts';
import {
  BATCH_TARGET_MS,
  FIRST_BATCH_SIZE,
  LISTING_MS,
  MAX_BATCH_SIZE,
  MAX_OPEN_BATCHES,
  MIN_BATCH_SIZE,
  STOP_POLL_MS,
} from './limits.ts';
import type { Batch, FailedItem } from './ports.ts';
import type { Progress } from './record.ts';
import type { Session } from './session.ts';
import { record, settle } from './settle.ts';
import { Turn } from './turn.ts';

export type NewBatch = {
  flow: number;
  items: readonly { sid: string; active: boolean; execution?: Execution }[];
  retryOf?: { seqs: number[]; failed: FailedItem[] };
  /** Whether their archive was confirmed by an earlier batch. */
  archived?: boolean;
  /** What else the record shall say once this batch is settled, given whether it was cut short. */
  onSettled?: OnSettled;
};

export type OnSettled = (wasCut: boolean) => Partial<Progress>;

/** What became of a batch's executions; those that were not begun with are in none of the lists. */
export type Results = { acted: Map<string, Acted>; isCut: boolean };

/** Writes batches down, acts on them side by side, and settles them strictly in their order. */
export class Batches {
  readonly #session: Session;
  #settling: Promise<void> = Promise.resolve();
  #open: Promise<void>[] = [];
  #next: number;
  #changes = 0;
  #size = FIRST_BATCH_SIZE;
  /** Executions a millisecond, as the last batch went. */
  #pace = 0;
  /** Handed over and not done yet. */
  #left = 0;
  #little = 0;
  #onLittleLeft: () => void = () => undefined;
  #lastDoneMs = 0;
  #lookedForStopAt: number;
  readonly #turn: Turn;

  constructor(session: Session) {
    this.#session = session;
    this.#next = session.record.progress.settledBatch + 1;
    this.#lookedForStopAt = session.startedMs;
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
    return this.#size;
  }

  get isBusy(): boolean {
    return this.#open.length > 0;
  }

  /** See ScanOptions. */
  quietAt(): number | null {
    return this.isBusy ? null : this.#changes;
  }

  /** Resolves when every batch is settled. Throws what kept one from being settled. */
  async drained(): Promise<void> {
    await this.#settling;
  }

  /** Does what a worker that died had begun, once more; its order is kept. */
  async replay(batch: Batch): Promise<void> {
    this.#next = Math.max(this.#next, batch.seq + 1);
    this.#turn.keep(this.#session.record.flows[batch.flow]?.sid ?? '');
    if (batch.outcome) return record(this.#session, batch, batch.outcome);
    const results = await this.#act(batch, new Map(), true);
    // Half of it says nothing: what was not begun with now may have been done before.
    if (!results.isCut) await settle(this.#session, batch, results);
  }

  /** Returns when so little is left to do that it is time to list the next ones. */
  async submit({ flow, items, retryOf, archived, onSettled }: NewBatch): Promise<void> {
    const retried = new Set(items.map(({ sid }) => sid));
    while (this.#open.length >= MAX_OPEN_BATCHES) await this.#open[0];
    const batch: Batch = {
      seq: this.#next++,
      flow,
      retryOf: retryOf ?? null,
      archived: archived ?? false,
      newlyArchived: 0,
      gone: 0,
      active: items.filter(({ active }) => active).map(({ sid }) => sid),
      inactive: items.filter(({ active }) => !active).map(({ sid }) => sid),
      failed: retryOf?.failed.filter(({ sid }) => !retried.has(sid)) ?? [],
      outcome: null,
    };
    for (const { sid } of items) this.#session.underWay.add(sid);
    this.#session.inFlight += items.length;
    this.#changes += 1;
    await this.#session.ports.store.openBatch(this.#session.record.id, batch);

    const executions = new Map(items.map(({ sid, execution }) => [sid, execution]));
    let undone = items.length;
    this.#left += undone;
    const acting = this.#act(batch, executions, retryOf !== undefined, () => {
      undone -= 1;
      this.#isLess(1);
    }).finally(() => this.#isLess(undone));
    const before = this.#settling;
    const settled = (async () => {
      // Both are awaited, whichever fails: nothing may go on unobserved.
      const [, results] = await Promise.all([before, acting]);
      await settle(this.#session, batch, results, (wasCut) => {
        // In the same breath as the counts, or the limit would see them twice.
        this.#session.inFlight -= items.length;
        return onSettled?.(wasCut) ?? {};
      });
    })();
    this.#settling = settled;
    this.#open.push(settled);
    const closed = () => {
      this.#open = this.#open.filter((one) => one !== settled);
      this.#changes += 1;
      for (const { sid } of items) this.#session.underWay.delete(sid);
    };
    settled.then(closed, closed);
    await this.#littleLeft(items.length);
  }

  #isLess(count: number): void {
    this.#left -= count;
    if (this.#left <= this.#little) this.#onLittleLeft();
  }

  async #littleLeft(batchSize: number): Promise<void> {
    this.#little = Math.max(batchSize / 2, this.#pace * LISTING_MS);
    if (this.#left <= this.#little) return;
    await new Promise<void>((resolve) => {
      this.#onLittleLeft = resolve;
    });
  }

  async #act(
    batch: Batch,
    executions: Map<string, Execution | undefined>,
    repeated: boolean,
    onActed?: () => void,
  ): Promise<Results> {
    const { session, flow } = { session: this.#session, flow: this.#session.record.flows[batch.flow] };
    if (!flow) throw new Error(`Purge ${session.record.id} has no flow ${batch.flow}`);
    if (session.record.request.archive && !batch.archived) {
      const stored = await this.#archive(batch, executions);
      if (!stored) return { acted: new Map(), isCut: true };
    }

    const startedMs = session.ports.now();
    const acted = new Map<string, Acted>();
    const all = [
      ...batch.active.map((sid) => ({ sid, active: true })),
      ...batch.inactive.map((sid) => ({ sid, active: false })),
    ];
    await Promise.all(
      all.map((item) =>
        session.ports.gate.run(async () => {
          if (!(await this.#mayFinish(repeated && batch.retryOf === null))) return;
          const result = await actOn(
            session.ports.upstream,
            flow.sid,
            item,
            session.record.request.action,
            repeated,
          );
          acted.set(item.sid, result);
          if (result.outcome === 'failed') session.hasFailed(result.reason, result.transient);
          else session.succeeded(item.sid);
          onActed?.();
        }),
      ),
    );
    this.#learnPace(acted.size, startedMs);
    return { acted, isCut: acted.size < all.length };
  }

  /** What a dead worker had begun is finished even after a wish to stop: only that makes its counts true. */
  async #mayFinish(isReplay: boolean): Promise<boolean> {
    const nowMs = this.#session.ports.now();
    if (nowMs - this.#lookedForStopAt >= STOP_POLL_MS) {
      this.#lookedForStopAt = nowMs;
      await this.#session.lookForStop();
    }
    return isReplay ? this.#session.trouble === null : this.#session.mayFinish;
  }

  /** Stores context and steps of the batch; from then on it holds only what is surely stored. */
  async #archive(batch: Batch, executions: Map<string, Execution | undefined>): Promise<boolean> {
    const { ports, record } = this.#session;
    const flow = record.flows[batch.flow];
    if (!flow || !ports.archive) throw new Error('There is no archive to write to');
    const isActive = new Set(batch.active);
    const items = [...batch.active, ...batch.inactive].map((sid) => ({
      sid,
      active: isActive.has(sid),
      execution: executions.get(sid),
    }));
    const { body, archived, gone, failed } = await collect(
      ports,
      flow.sid,
      items,
      () => this.#session.mayFinish,
    );
    if (archived.length + gone.length + failed.length < items.length) return false;
    for (const { reason, transient } of failed) this.#session.hasFailed(reason, transient);
    if (body) {
      try {
        await ports.archive.put(archiveKey(flow.alias, record.dateStarted, record.id, batch.seq), body);
      } catch (error) {
        const name = error instanceof Error ? error.name : 'unknown';
        this.#session.trouble ??= { reason: `the archive could not be written: ${name}`, refused: false };
        return false;
      }
    }
    batch.active = archived.filter((sid) => isActive.has(sid));
    batch.inactive = archived.filter((sid) => !isActive.has(sid));
    batch.failed.push(...failed);
    batch.gone = gone.length;
    batch.archived = true;
    batch.newlyArchived = archived.length;
    await ports.store.saveBatch(record.id, batch);
    return true;
  }

  #learnPace(done: number, startedMs: number): void {
    if (done === 0) return;
    const nowMs = this.#session.ports.now();
    // Batches overlap: before the one before was done, the time was mostly that one's.
    this.#pace = done / Math.max(1, nowMs - Math.max(startedMs, this.#lastDoneMs));
    this.#lastDoneMs = nowMs;
    const fitting = Math.round(this.#pace * BATCH_TARGET_MS);
    this.#size = Math.min(MAX_BATCH_SIZE, Math.max(MIN_BATCH_SIZE, fitting));
  }
}
