/** One execution is one row over these arrays, 33 bytes, and four more in its flow's timeline. */
export const ACTIVE = 0;
export const ENDED = 1;
export const DELETED = 2;

/** Everything about a row that is a number; texts are numbered elsewhere. Times are Unix seconds. */
export type Row = {
  flow: number;
  contact: number;
  sender: number;
  /** ACTIVE, ENDED or DELETED. */
  state: number;
  createdS: number;
  /** 0: never updated. */
  updatedS: number;
  /** When it ends by itself, Unix milliseconds; 0: it does not. */
  endsAtMs: number;
  flowVersion: number;
  parameters: number;
};

const FIRST_CAPACITY = 1_024;
const GROWTH = 1.5;

export class Columns {
  length = 0;
  flow = new Uint16Array(FIRST_CAPACITY);
  contact = new Uint32Array(FIRST_CAPACITY);
  sender = new Uint32Array(FIRST_CAPACITY);
  state = new Uint8Array(FIRST_CAPACITY);
  createdS = new Uint32Array(FIRST_CAPACITY);
  updatedS = new Uint32Array(FIRST_CAPACITY);
  endsAtMs = new Float64Array(FIRST_CAPACITY);
  flowVersion = new Uint16Array(FIRST_CAPACITY);
  parameters = new Uint32Array(FIRST_CAPACITY);

  /** Makes room for `more` rows at once, so that seeding a million copies nothing twice. */
  reserve(more: number): void {
    const needed = this.length + more;
    if (needed <= this.flow.length) return;
    const capacity = Math.max(needed, Math.ceil(this.flow.length * GROWTH));
    this.flow = grow(this.flow, new Uint16Array(capacity));
    this.contact = grow(this.contact, new Uint32Array(capacity));
    this.sender = grow(this.sender, new Uint32Array(capacity));
    this.state = grow(this.state, new Uint8Array(capacity));
    this.createdS = grow(this.createdS, new Uint32Array(capacity));
    this.updatedS = grow(this.updatedS, new Uint32Array(capacity));
    this.endsAtMs = grow(this.endsAtMs, new Float64Array(capacity));
    this.flowVersion = grow(this.flowVersion, new Uint16Array(capacity));
    this.parameters = grow(this.parameters, new Uint32Array(capacity));
  }

  push(values: Row): number {
    this.reserve(1);
    const row = this.length++;
    this.flow[row] = values.flow;
    this.contact[row] = values.contact;
    this.sender[row] = values.sender;
    this.state[row] = values.state;
    this.createdS[row] = values.createdS;
    this.updatedS[row] = values.updatedS;
    this.endsAtMs[row] = values.endsAtMs;
    this.flowVersion[row] = values.flowVersion;
    this.parameters[row] = values.parameters;
    return row;
  }

  at(row: number): Row {
    return {
      flow: this.flow[row] ?? 0,
      contact: this.contact[row] ?? 0,
      sender: this.sender[row] ?? 0,
      state: this.state[row] ?? DELETED,
      createdS: this.createdS[row] ?? 0,
      updatedS: this.updatedS[row] ?? 0,
      endsAtMs: this.endsAtMs[row] ?? 0,
      flowVersion: this.flowVersion[row] ?? 0,
      parameters: this.parameters[row] ?? 0,
    };
  }
}

function grow<T extends { set(source: T): void }>(old: T, larger: T): T {
  larger.set(old);
  return larger;
}
