import type { Session } from './session.ts';
import { SILENCE_MS } from './view.ts';

/** A slice's turn on a flow: see TurnStore. It outlives a worker that dies, as the batches do that it left open. */
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
    const isOurs =
      holder === record.id ||
      ((await this.#isOver(holder)) && (await ports.turns.takeOver(flowSid, holder, record.id)));
    if (isOurs) this.#flowSid = flowSid;
    return isOurs;
  }

  async leave(): Promise<void> {
    if (this.#flowSid === null) return;
    const flowSid = this.#flowSid;
    this.#flowSid = null;
    await this.#session.ports.turns.leave(flowSid, this.#session.record.id);
  }

  async #isOver(purge: string): Promise<boolean> {
    const { store, now } = this.#session.ports;
    const record = (await store.read(purge))?.record;
    return record?.status !== 'running' || now() - Date.parse(record.dateUpdated) > SILENCE_MS;
  }
}
