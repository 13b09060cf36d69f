import {
  LAST_SLICE_MS,
  NEXT_PAGE_MS,
  PROCESS_MARGIN_MS,
  SLICE_ITEMS_MS,
  SLICE_MS,
  STUCK_SLICE_MS,
} from './limits.ts';

/** Calls `then` once, so many milliseconds from now, unless it is cancelled by what is returned. */
export type After = (ms: number, then: () => void) => () => void;

type Ports = { now(): number; after: After; remainingMs(): number };

/** How long a slice may go on, and the signal that ends all it has under way when its time is over. */
export class SliceTime {
  readonly startedMs: number;
  readonly #ports: Ports;
  readonly #remainingAtStartMs: number;
  readonly #over = new AbortController();
  #endsMs: number;
  #cancel: () => void = () => undefined;

  constructor(ports: Ports, stopRequested: boolean) {
    this.#ports = ports;
    this.startedMs = ports.now();
    this.#remainingAtStartMs = ports.remainingMs();
    // Half of the process's margin is for the record.
    const margin = Math.min(PROCESS_MARGIN_MS / 2, this.#remainingAtStartMs / 4);
    const most = stopRequested ? LAST_SLICE_MS : SLICE_MS;
    this.#endsMs = this.startedMs + Math.min(most, this.#remainingAtStartMs - margin);
    this.#arm();
  }

  get signal(): AbortSignal {
    return this.#over.signal;
  }

  /** Whether less than `ms` of the slice have passed, and enough of the process's own time is left. */
  isWithin(ms: number): boolean {
    if (this.signal.aborted) return false;
    // A process that is given less time than the margin leaves half of what it has.
    const beforeItems = Math.max(0, SLICE_ITEMS_MS - ms);
    const marginMs = Math.min(PROCESS_MARGIN_MS + beforeItems, this.#remainingAtStartMs / 2);
    return this.#ports.now() - this.startedMs < ms && this.#ports.remainingMs() > marginMs;
  }

  /** It only lists, and a page has come: the next one is waited for. */
  expectPage(): void {
    const processEndsMs = this.startedMs + this.#remainingAtStartMs - PROCESS_MARGIN_MS;
    const latestMs = Math.min(this.startedMs + STUCK_SLICE_MS + NEXT_PAGE_MS, processEndsMs);
    const endsMs = Math.min(this.#ports.now() + NEXT_PAGE_MS, latestMs);
    if (endsMs <= this.#endsMs) return;
    this.#endsMs = endsMs;
    this.#arm();
  }

  /** What is under way has so long to end by itself. */
  endWithin(ms: number): void {
    this.#endsMs = Math.min(this.#endsMs, this.#ports.now() + ms);
    this.#arm();
  }

  close(): void {
    this.#cancel();
  }

  #arm(): void {
    this.#cancel();
    this.#cancel = this.#ports.after(Math.max(0, this.#endsMs - this.#ports.now()), () => this.#over.abort());
  }
}
