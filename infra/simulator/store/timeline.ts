import { type Columns, DELETED } from './columns.ts';

/** A place between executions: everything before it is older. Survives deletes, since it names no position. */
export type Place = { createdS: number; row: number };

const FIRST_CAPACITY = 1_024;
/** Tombstones are swept once they are more than half, so that a purge's lists stay cheap. */
const SWEEP_ABOVE = 1_024;
/** Sorting by one number: seconds since the oldest, times this, plus the row. */
const ROWS_PER_SECOND = 2 ** 24;
const SORTABLE_SPAN_S = 2 ** 29;

/** The rows of one flow by (creation second, row), oldest first. Deleted rows stay as tombstones for a while. */
export class Timeline {
  readonly #columns: Columns;
  #rows = new Uint32Array(FIRST_CAPACITY);
  #length = 0;
  #dead = 0;
  #sorted = true;

  constructor(columns: Columns) {
    this.#columns = columns;
  }

  get length(): number {
    return this.#length;
  }

  rowAt(position: number): number {
    return this.#rows[position] ?? 0;
  }

  push(row: number): void {
    if (this.#length === this.#rows.length) {
      const larger = new Uint32Array(this.#rows.length * 2);
      larger.set(this.#rows);
      this.#rows = larger;
    }
    if (this.#length > 0 && this.#createdAt(this.#length - 1) > (this.#columns.createdS[row] ?? 0))
      this.#sorted = false;
    this.#rows[this.#length++] = row;
  }

  /** To be called once a row of it was marked deleted. */
  bury(): void {
    this.#dead++;
    if (this.#dead <= SWEEP_ABOVE || this.#dead * 2 <= this.#length) return;
    const alive = this.#rows.subarray(0, this.#length).filter((row) => this.#columns.state[row] !== DELETED);
    this.#rows.set(alive);
    this.#length = alive.length;
    this.#dead = 0;
  }

  /** The first position that is not before the place. */
  positionOf(place: Place): number {
    this.#sort();
    let low = 0;
    let high = this.#length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const createdS = this.#createdAt(middle);
      if (createdS < place.createdS || (createdS === place.createdS && this.rowAt(middle) < place.row))
        low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #createdAt(position: number): number {
    return this.#columns.createdS[this.rowAt(position)] ?? 0;
  }

  #sort(): void {
    if (this.#sorted) return;
    this.#sorted = true;
    const { createdS } = this.#columns;
    const rows = this.#rows.subarray(0, this.#length);
    let oldestS = Number.POSITIVE_INFINITY;
    for (const row of rows) oldestS = Math.min(oldestS, createdS[row] ?? 0);
    const keys = new Float64Array(rows.length);
    for (const [position, row] of rows.entries()) {
      const sinceS = (createdS[row] ?? 0) - oldestS;
      if (sinceS >= SORTABLE_SPAN_S || row >= ROWS_PER_SECOND)
        throw new RangeError('The simulated Studio holds 16 million executions over 17 years at most');
      keys[position] = sinceS * ROWS_PER_SECOND + row;
    }
    keys.sort();
    for (const [position, key] of keys.entries()) rows[position] = key % ROWS_PER_SECOND;
  }
}
