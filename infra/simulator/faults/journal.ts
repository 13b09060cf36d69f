import type { OperationName } from '../operations.ts';
import type { Fault } from './behaviour.ts';

/** One request and what became of it. `status` is null where no answer was given. */
export type LoggedRequest = {
  method: string;
  /** With its query. */
  path: string;
  operation: OperationName | null;
  form: Record<string, string | string[]>;
  status: number | null;
  fault: Fault['kind'] | null;
  atMs: number;
};

/** By operation and status; `none` where no answer was given. */
type Counts = Partial<Record<OperationName, Record<string, number>>>;
export type Statistics = {
  requests: number;
  throttled: number;
  peakInFlight: number;
  byOperation: Counts;
};

const KEPT_REQUESTS = 10_000;

/** The last 10,000 requests, and counts of them all. */
export class Journal {
  readonly requests: LoggedRequest[] = [];
  #byOperation: Counts = {};
  #all = 0;
  #throttled = 0;

  add(request: LoggedRequest): void {
    const { operation, status } = request;
    this.#all++;
    if (status === 429) this.#throttled++;
    this.requests.push(request);
    if (this.requests.length >= 2 * KEPT_REQUESTS) this.requests.splice(0, KEPT_REQUESTS);
    if (operation === null) return;
    this.#byOperation[operation] ??= {};
    const statuses = this.#byOperation[operation];
    const key = status ?? 'none';
    statuses[key] = (statuses[key] ?? 0) + 1;
  }

  statistics(peakInFlight: number): Statistics {
    const byOperation = structuredClone(this.#byOperation);
    return { requests: this.#all, throttled: this.#throttled, peakInFlight, byOperation };
  }

  clear(): void {
    this.requests.length = 0;
    this.#byOperation = {};
    this.#all = 0;
    this.#throttled = 0;
  }
}

/** A form as an object; a parameter that is given twice becomes a list. */
export function formOf(body: string): Record<string, string | string[]> {
  const parameters = new URLSearchParams(body);
  const form: Record<string, string | string[]> = {};
  for (const name of parameters.keys()) {
    const values = parameters.getAll(name);
    form[name] = values.length === 1 ? (values[0] ?? '') : values;
  }
  return form;
}
