import type { OperationName } from '../operations.ts';
import type { Behaviour } from './behaviour.ts';

const WINDOW_MS = 1_000;

/** Admits `limit` in any second, by exact times: no burst passes between two windows. */
class SlidingWindow {
  readonly #times: number[] = [];

  isFull(limit: number, nowMs: number): boolean {
    while (this.#times[0] !== undefined && this.#times[0] <= nowMs - WINDOW_MS) this.#times.shift();
    return this.#times.length >= limit;
  }

  take(nowMs: number): void {
    this.#times.push(nowMs);
  }
}

/** What Studio lets in. A refused request counts against no limit. */
export class Limits {
  inFlight = 0;
  peakInFlight = 0;
  #requests = new SlidingWindow();
  #creates = new SlidingWindow();

  /** Returns whether the request is let in; then `leave` must follow. */
  enter(operation: OperationName, behaviour: Behaviour, nowMs: number): boolean {
    const { maxInFlight, requestsPerSecond, createsPerSecond } = behaviour;
    const windows = [{ window: this.#requests, limit: requestsPerSecond }];
    if (operation === 'CreateExecution') windows.push({ window: this.#creates, limit: createsPerSecond });
    if (this.inFlight >= (maxInFlight ?? Number.POSITIVE_INFINITY)) return false;
    if (windows.some(({ window, limit }) => limit !== null && window.isFull(limit, nowMs))) return false;
    // Counted only where there is a limit, so that a million unlimited requests use no memory.
    for (const { window, limit } of windows) if (limit !== null) window.take(nowMs);
    this.inFlight++;
    this.peakInFlight = Math.max(this.peakInFlight, this.inFlight);
    return true;
  }

  leave(): void {
    this.inFlight--;
  }

  /** Keeps the requests that are in flight. */
  reset(): void {
    this.peakInFlight = this.inFlight;
    this.#requests = new SlidingWindow();
    this.#creates = new SlidingWindow();
  }
}
