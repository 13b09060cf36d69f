import type { OperationName } from '../names.ts';
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

export type Statistics = {
  requests: number;
  throttled: number;
  peakInFlight: number;
  byOperation: Partial<Record<OperationName, Record<string, number>>>;
};

const KEPT_REQUESTS = 10_000;

/** The last 10,000 requests, and counts of them all. */
export class Journal {
  readonly requests: LoggedRequest[] = [];
  #counts = new Map<OperationName, Map<string, number>>();
  #all = 0;
  #throttled = 0;

  add(request: LoggedRequest): void {
    this.#all++;
    if (request.status === 429) this.#throttled++;
    this.requests.push(request);
    if (this.requests.length >= 2 * KEPT_REQUESTS) this.requests.splice(0, KEPT_REQUESTS);
    if (request.operation === null) return;
    const statuses = this.#counts.get(request.operation) ?? new Map<string, number>();
    this.#counts.set(request.operation, statuses);
    const key = request.status === null ? 'none' : String(request.status);
    statuses.set(key, (statuses.get(key) ?? 0) + 1);
  }

  statistics(peakInFlight: number): Statistics {
    const byOperation = Object.fromEntries(
      [...this.#counts].map(([operation, statuses]) => [operation, Object.fromEntries(statuses)]),
    );
    return { requests: this.#all, throttled: this.#throttled, peakInFlight, byOperation };
  }

  clear(): void {
    this.requests.length = 0;
    this.#counts = new Map();
    this.#all = 0;
    this.#throttled = 0;
  }
}

/** A form as an object; what is given twice becomes a list. */
export function formOf(body: string): Record<string, string | string[]> {
  if (body === '') return {};
  const parameters = new URLSearchParams(body);
  const names = [...new Set(parameters.keys())];
  return Object.fromEntries(
    names.map((name) => {
      const values = parameters.getAll(name);
      return [name, values.length === 1 ? (values[0] ?? '') : values];
    }),
  );
}
