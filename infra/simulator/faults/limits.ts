import type { OperationName } from '../names.ts';
import type { Behaviour } from './behaviour.ts';

const WINDOW_MS = 1_000;
const SWEEP_ABOVE = 4_096;

/** Admits `limit` in any stretch of one second. Looks at exact times, so no burst slips through between two windows. */
class SlidingWindow {
  #times: number[] = [];
  #first = 0;

  isFull(limit: number, nowMs: number): boolean {
    while ((this.#times[this.#first] ?? Number.POSITIVE_INFINITY) <= nowMs - WINDOW_MS) this.#first++;
    if (this.#first > SWEEP_ABOVE) {
      this.#times = this.#times.slice(this.#first);
      this.#first = 0;
    }
    return this.#times.length - this.#first >= limit;
  }

  take(nowMs: number): void {
    this.#times.push(nowMs);
  }
}

/** What Studio lets in. A refused request was not processed, and counts against no limit. */
export class Limits {
  inFlight = 0;
  peakInFlight = 0;
  readonly #requests = new SlidingWindow();
  readonly #creates = new SlidingWindow();

  /** True: it is in, and `leave` must follow. */
  enter(operation: OperationName, behaviour: Behaviour, nowMs: number): boolean {
    const { maxInFlight, requestsPerSecond, createsPerSecond } = behaviour;
    const isCreate = operation === 'CreateExecution';
    if (this.inFlight >= (maxInFlight ?? Number.POSITIVE_INFINITY)) return false;
    if (requestsPerSecond !== null && this.#requests.isFull(requestsPerSecond, nowMs)) return false;
    if (isCreate && createsPerSecond !== null && this.#creates.isFull(createsPerSecond, nowMs)) return false;
    // Counted only where a limit stands, so that an unlimited million of requests leaves nothing behind.
    if (requestsPerSecond !== null) this.#requests.take(nowMs);
    if (isCreate && createsPerSecond !== null) this.#creates.take(nowMs);
    this.inFlight++;
    this.peakInFlight = Math.max(this.peakInFlight, this.inFlight);
    return true;
  }

  leave(): void {
    this.inFlight--;
  }
}
