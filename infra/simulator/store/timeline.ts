import type { Execution } from './execution.ts';

/** A place between executions: just before the one with these members, whether that is still there or not. */
export type Place = Pick<Execution, 'createdMs' | 'number'>;

/** Below this many deleted executions a timeline is not cleared of them. */
const KEPT_DELETED = 1_024;

/** Executions in the order of Studio's lists, oldest first. */
export class Timeline {
  #executions: Execution[] = [];
  #deleted = 0;
  #isSorted = true;

  get length(): number {
    return this.#executions.length;
  }

  add(execution: Execution): void {
    const newest = this.#executions.at(-1);
    if (newest && compare(newest, execution) > 0) this.#isSorted = false;
    this.#executions.push(execution);
  }

  /**
   * Notes that one of the executions was deleted. Once half of them are, drops those that are gone, so that
   * the lists of a purged flow stay fast.
   */
  noteDelete(isGone: (execution: Execution) => boolean): void {
    this.#deleted++;
    if (this.#deleted <= KEPT_DELETED || this.#deleted * 2 <= this.length) return;
    this.#executions = this.#executions.filter((execution) => !isGone(execution));
    this.#deleted = 0;
  }

  /** Newest first. */
  olderThan(place: Place): Generator<Execution> {
    return this.#walk(this.#positionOf(place) - 1, -1);
  }

  /** Oldest first. */
  newerThan(place: Place): Generator<Execution> {
    return this.#walk(this.#positionOf(place), 1);
  }

  *#walk(from: number, step: 1 | -1): Generator<Execution> {
    let position = from;
    for (let next = this.#executions[position]; next; next = this.#executions[position]) {
      yield next;
      position += step;
    }
  }

  #positionOf(place: Place): number {
    if (!this.#isSorted) this.#executions.sort(compare);
    this.#isSorted = true;
    let low = 0;
    let high = this.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const execution = this.#executions[middle];
      if (execution && compare(execution, place) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** Studio tells times of creation in whole seconds: within one, the order is that of creation. */
export function compare(one: Place, other: Place): number {
  return Math.floor(one.createdMs / 1_000) - Math.floor(other.createdMs / 1_000) || one.number - other.number;
}
