import {
  BATCH_TARGET_MS,
  FIRST_BATCH_SIZE,
  LISTING_MS,
  MAX_BATCH_SIZE,
  MIN_BATCH_SIZE,
} from '../engine/limits.ts';

/** How fast batches are done: from it comes how large the next one is to be, and when it is to be listed. */
export class Pace {
  #size = FIRST_BATCH_SIZE;
  /** Executions a millisecond, as the last batch went. */
  #pace = 0;
  /** Handed over and not done yet. */
  #left = 0;
  #little = 0;
  #onLittleLeft: () => void = () => undefined;
  #lastDoneMs = 0;

  /** How many executions the next batch should have. */
  get size(): number {
    return this.#size;
  }

  isMore(count: number): void {
    this.#left += count;
  }

  isLess(count: number): void {
    this.#left -= count;
    if (this.#left <= this.#little) this.#onLittleLeft();
  }

  async littleLeft(batchSize: number): Promise<void> {
    this.#little = Math.max(batchSize / 2, this.#pace * LISTING_MS);
    if (this.#left <= this.#little) return;
    await new Promise<void>((resolve) => {
      this.#onLittleLeft = resolve;
    });
  }

  /** So many of a batch that was begun then are done now. */
  learn(done: number, startedMs: number, nowMs: number): void {
    if (done === 0) return;
    // Batches overlap: before the one before was done, the time was mostly that one's.
    this.#pace = done / Math.max(1, nowMs - Math.max(startedMs, this.#lastDoneMs));
    this.#lastDoneMs = nowMs;
    const fitting = Math.round(this.#pace * BATCH_TARGET_MS);
    this.#size = Math.min(MAX_BATCH_SIZE, Math.max(MIN_BATCH_SIZE, fitting));
  }
}
