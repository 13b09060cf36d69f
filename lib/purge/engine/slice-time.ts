import { LAST_SLICE_MS, SLICE_MS } from './limits.ts';
import type { Ports } from './ports.ts';

/** How long a slice may take, and the signal that ends its calls then. */
export class SliceTime {
  readonly #ports: Pick<Ports, 'now' | 'after'>;
  readonly #startedMs: number;
  readonly #over = new AbortController();
  #cancel: (() => void)[] = [];

  constructor(ports: Pick<Ports, 'now' | 'after'>, stopRequested: boolean) {
    this.#ports = ports;
    this.#startedMs = ports.now();
    this.endWithin(stopRequested ? LAST_SLICE_MS : SLICE_MS);
  }

  get signal(): AbortSignal {
    return this.#over.signal;
  }

  isWithin(ms: number): boolean {
    return !this.signal.aborted && this.#ports.now() - this.#startedMs < ms;
  }

  endWithin(ms: number): void {
    this.#cancel.push(this.#ports.after(ms, () => this.#over.abort()));
  }

  close(): void {
    for (const cancel of this.#cancel) cancel();
  }
}
