import { Addresses } from './addresses.ts';
import { ACTIVE, Columns, DELETED, ENDED, type Row } from './columns.ts';
import { indexOf, sidOf } from './sids.ts';
import { type Place, Timeline } from './timeline.ts';

export type Status = 'active' | 'ended';
export type Filter = { status?: Status | undefined; fromMs?: number | undefined; toMs?: number | undefined };
/** Where a page begins: a number of matching executions to pass over, or a place in the list. */
export type Start =
  | { style: 'offset'; offset: number }
  | { style: 'keyset'; place: Place; towards: 'older' | 'newer' };
/** Newest first; `more`: there is at least one further match in the direction of the walk. */
export type Slice = { rows: number[]; more: boolean };
export type NewExecution = {
  flowSid: string;
  to: string;
  from: string;
  parameters: string;
  flowVersion: number;
  endsAtMs: number;
};

/** The rows behind the API. Knows nothing of HTTP; deleted rows stay countable until it is cleared. */
export class Executions {
  readonly salt: number;
  readonly columns = new Columns();
  readonly contacts = new Addresses();
  readonly senders = new Addresses();
  readonly parameters: string[] = ['{}'];
  readonly flowSids: string[] = [];
  readonly #timelines: Timeline[] = [];
  /** The active execution of a contact and sender, by both their numbers. */
  readonly #activeOf = new Map<number, number>();
  readonly #now: () => number;

  constructor(salt: number, now: () => number) {
    this.salt = salt;
    this.#now = now;
  }

  create(input: NewExecution): number {
    const { to, from, flowSid, parameters, flowVersion, endsAtMs } = input;
    return this.add({
      flow: this.flowNumber(flowSid),
      contact: this.contacts.numberOf(to),
      sender: this.senders.numberOf(from),
      state: ACTIVE,
      createdS: Math.floor(this.#now() / 1_000),
      updatedS: 0,
      endsAtMs,
      flowVersion,
      parameters: parameters === '{}' ? 0 : this.parameters.push(parameters) - 1,
    });
  }

  /** The lowest way in, for seeding: the caller sees to it that a pair has one active execution at most. */
  add(values: Row): number {
    const row = this.columns.push(values);
    if (values.state === ACTIVE) this.#activeOf.set(pair(values.contact, values.sender), row);
    this.#timelines[values.flow]?.push(row);
    return row;
  }

  /** The row of this SID under this flow, or under any, unless it was deleted. */
  find(flowSid: string | null, sid: string): number | undefined {
    const row = indexOf('FN', sid, this.salt);
    if (row === undefined || row >= this.columns.length || this.stateOf(row) === DELETED) return undefined;
    return flowSid === null || this.flowOf(row) === flowSid ? row : undefined;
  }

  flowOf(row: number): string {
    return this.flowSids[this.columns.flow[row] ?? 0] ?? '';
  }

  findActive(contact: number | undefined, sender: number | undefined): number | undefined {
    if (contact === undefined || sender === undefined) return undefined;
    const row = this.#activeOf.get(pair(contact, sender));
    return row !== undefined && this.stateOf(row) === ACTIVE ? row : undefined;
  }

  stateOf(row: number): number {
    const endsAtMs = this.columns.endsAtMs[row] ?? 0;
    if (endsAtMs > 0 && this.columns.state[row] === ACTIVE && endsAtMs <= this.#now())
      this.end(row, endsAtMs);
    return this.columns.state[row] ?? DELETED;
  }

  end(row: number, atMs = this.#now()): void {
    this.columns.state[row] = ENDED;
    this.columns.updatedS[row] = Math.floor(atMs / 1_000);
    this.#forgetActive(row);
  }

  delete(row: number): void {
    this.columns.state[row] = DELETED;
    this.#forgetActive(row);
    this.#timelines[this.columns.flow[row] ?? 0]?.bury();
  }

  slice(flowSid: string, filter: Filter, start: Start, size: number): Slice {
    const timeline = this.#timelines[this.flowSids.indexOf(flowSid)];
    if (!timeline) return { rows: [], more: false };
    const oldest = filter.fromMs === undefined ? 0 : timeline.positionOf(secondAt(filter.fromMs));
    const end = timeline.positionOf(filter.toMs === undefined ? LAST : secondAt(filter.toMs));
    const rows: number[] = [];
    const take = (position: number): boolean => {
      const row = timeline.rowAt(position);
      if (this.#matches(row, filter)) rows.push(row);
      return rows.length <= size;
    };
    if (start.style === 'keyset' && start.towards === 'newer') {
      let position = Math.max(oldest, timeline.positionOf({ ...start.place, row: start.place.row + 1 }));
      while (position < end && take(position)) position++;
      return { rows: rows.slice(0, size).reverse(), more: rows.length > size };
    }
    let position = start.style === 'keyset' ? Math.min(end, timeline.positionOf(start.place)) : end;
    let passedOver = start.style === 'offset' ? start.offset : 0;
    while (--position >= oldest) {
      if (passedOver > 0) passedOver -= this.#matches(timeline.rowAt(position), filter) ? 1 : 0;
      else if (!take(position)) break;
    }
    return { rows: rows.slice(0, size), more: rows.length > size };
  }

  /** Like `slice`, but over all flows and only towards older executions. */
  sliceOfAll(filter: Filter, start: Start, size: number): Slice {
    const offset = start.style === 'offset' ? start.offset : 0;
    const from: Start = start.style === 'offset' ? { style: 'offset', offset: 0 } : start;
    const { createdS } = this.columns;
    const rows = this.flowSids
      .flatMap((flowSid) => this.slice(flowSid, filter, from, offset + size + 1).rows)
      .sort((one, other) => (createdS[other] ?? 0) - (createdS[one] ?? 0) || other - one)
      .slice(offset);
    return { rows: rows.slice(0, size), more: rows.length > size };
  }

  sidOf(row: number): string {
    return sidOf('FN', row, this.salt);
  }

  flowNumber(flowSid: string): number {
    const known = this.flowSids.indexOf(flowSid);
    if (known >= 0) return known;
    this.#timelines.push(new Timeline(this.columns));
    return this.flowSids.push(flowSid) - 1;
  }

  #matches(row: number, { status }: Filter): boolean {
    const state = this.stateOf(row);
    if (state === DELETED) return false;
    return status === undefined || (status === 'active') === (state === ACTIVE);
  }

  #forgetActive(row: number): void {
    const key = pair(this.columns.contact[row] ?? 0, this.columns.sender[row] ?? 0);
    if (this.#activeOf.get(key) === row) this.#activeOf.delete(key);
  }
}

const LAST: Place = { createdS: Number.POSITIVE_INFINITY, row: 0 };
/** Numbers of addresses stay below this: ten million made-up ones, and six million others. */
const ADDRESSES = 2 ** 24;

function pair(contact: number, sender: number): number {
  return contact * ADDRESSES + sender;
}

/** Creation has a resolution of one second: "on or after" and "before" a moment both begin at the next whole one. */
function secondAt(ms: number): Place {
  return { createdS: Math.ceil(ms / 1_000), row: 0 };
}
