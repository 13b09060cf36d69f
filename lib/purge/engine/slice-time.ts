import { LAST_SLICE_MS, SLICE_MS } from './limits.ts';
import type { Ports } from './ports.ts';

/** Of what is left of the process's time, the part that a slice may use. */
const PROCESS_SHARE = 0.75;

/**
 * How long a slice may take, and the signal that ends its calls then. All times shrink where the process has
 * less.
 */
export class SliceTime {
  readonly #ports: Pick<Ports, 'now' | 'after'>;
  readonly #startedMs: number;
  readonly #share: number;
  readonly #over = new AbortController();
  #endsMs: number;
  #cancel: () => void = () => undefined;

  constructor(ports: Pick<Ports, 'now' | 'after' | 'remainingMs'>, stopRequested: boolean) {
    this.#ports = ports;
    this.#startedMs = ports.now();
    this.#share = Math.min(1, (PROCESS_SHARE * ports.remainingMs()) / SLICE_MS);
    this.#endsMs = this.#startedMs + this.#share * (stopRequested ? LAST_SLICE_MS : SLICE_MS);
    this.#arm();
  }

  get signal(): AbortSignal {
    return this.#over.signal;
  }

  isWithin(ms: number): boolean {
    return !this.signal.aborted && this.#ports.now() - this.#startedMs < this.#share * ms;
  }

  endWithin(ms: number): void {
    this.#endsMs = Math.min(this.#endsMs, this.#ports.now() + ms);
    this.#arm();
  }

  close(): void {
    this.#cancel();
  }

  #arm(): void {
    this.#cancel();
    const leftMs = Math.max(0, this.#endsMs - this.#ports.now());
    this.#cancel = this.#ports.after(leftMs, () => this.#over.abort());
  }
}
