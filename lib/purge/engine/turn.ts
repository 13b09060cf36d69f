import type { PurgeRecord } from '../record/record.ts';
import { SILENCE_MS } from '../record/view.ts';
import type { Session } from './session.ts';

/**
 * A slice's turn on a flow: see TurnStore. It outlives a worker that dies, as the batches do that it left open: so
 * whoever takes these up asks for it too. It may be another purge's by then, if nobody came for long.
 */
export class Turn {
  readonly #session: Session;
  #flowSid: string | null = null;

  constructor(session: Session) {
    this.#session = session;
  }

  has(flowSid: string): boolean {
    return this.#flowSid === flowSid;
  }

  /** False when it is another purge's. Nothing may be under way on the flow that the turn was on before. */
  async take(flowSid: string): Promise<boolean> {
    await this.leave();
    const { ports, record } = this.#session;
    const holder = await ports.turns.ask(flowSid, record.id);
    const isOurs = holder === record.id || (await this.#takeOver(flowSid, holder));
    if (isOurs) this.#flowSid = flowSid;
    return isOurs;
  }

  async leave(): Promise<void> {
    if (this.#flowSid === null) return;
    const flowSid = this.#flowSid;
    this.#flowSid = null;
    await this.#session.ports.turns.leave(flowSid, this.#session.record.id);
  }

  async #takeOver(flowSid: string, holder: string): Promise<boolean> {
    const { store, turns, now } = this.#session.ports;
    const record = (await store.read(holder))?.record;
    if (record?.status === 'running') {
      if (now() - Date.parse(record.dateUpdated) <= SILENCE_MS) return false;
      await this.#dispute(record, flowSid);
    }
    return turns.takeOver(flowSid, holder, this.#session.record.id);
  }

  /** Should its worker come back, it cannot tell any more whose work it is that what it had begun is done. */
  async #dispute({ id, flows, progress }: PurgeRecord, flowSid: string): Promise<void> {
    const { store } = this.#session.ports;
    for await (const { seq, flow } of store.batches(id))
      if (seq > progress.settledBatch && flows[flow]?.sid === flowSid)
        await store.saveBatch(id, { ...(await store.takeBatch(id, seq)), disputed: true });
  }
}
