import type { Dispatcher } from 'undici';

export type TransportRequest = {
  method: 'GET' | 'POST' | 'DELETE';
  /** With the query. */
  path: string;
  headers: Record<string, string>;
  body?: string | undefined;
  /** Uses a new connection and closes it afterwards: for requests that must not be sent twice. */
  fresh: boolean;
  maxBodyBytes: number;
  /** Bounds this request up to the last byte of the response, if shorter than the signal's time. */
  timeoutMs?: number | undefined;
  signal: AbortSignal;
  /** Checked just before the first byte is sent, because timers fire late after a Lambda freeze. */
  mayLeave: () => boolean;
};

export type TransportFailure =
  | 'timeout'
  | 'aborted'
  | 'connection'
  /** The body exceeds `maxBodyBytes`. */
  | 'oversized'
  /** The response is not HTTP. */
  | 'garbled';

export type TransportResult =
  | { ok: true; status: number; header(name: string): string | undefined; body: Buffer }
  | {
      ok: false;
      failure: TransportFailure;
      /** False only if no byte of the request was sent. */
      sent: boolean;
      /** Set if the response has begun. */
      status: number | undefined;
      header(name: string): string | undefined;
      cause: unknown;
    };

/**
 * Collects one response, within the request's time and size limits, whichever client sends the request: both
 * report through undici's handler interface. Events after the end are ignored.
 */
export class Exchange implements Dispatcher.DispatchHandler {
  readonly #request: TransportRequest;
  readonly #result = Promise.withResolvers<TransportResult>();
  readonly #timer: NodeJS.Timeout | undefined;
  readonly #chunks: Buffer[] = [];
  #bytes = 0;
  #isOver = false;
  #connection: { abort(reason: Error): void } | undefined;
  #status: number | undefined;
  #headers: Record<string, string | string[] | undefined> = {};

  constructor(request: TransportRequest) {
    const { signal, timeoutMs } = request;
    this.#request = request;
    if (timeoutMs !== undefined) this.#timer = setTimeout(() => this.fail('timeout'), timeoutMs);
    signal.addEventListener('abort', this.#onAbort);
    if (signal.aborted) this.#onAbort();
  }

  /** Rejects with errors that the network cannot cause: bugs. */
  get result(): Promise<TransportResult> {
    return this.#result.promise;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** The connection is open and the first byte is about to be sent. */
  onRequestStart(connection: { abort(reason: Error): void }): void {
    if (!this.#request.mayLeave()) this.fail('timeout');
    if (this.#isOver) connection.abort(new Error('The request was given up before it was sent'));
    else this.#connection = connection;
  }

  onResponseStart(
    _connection: unknown,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    this.#status = status;
    this.#headers = headers;
  }

  onResponseData(_connection: unknown, chunk: Buffer): void {
    this.#bytes += chunk.length;
    if (this.#bytes > this.#request.maxBodyBytes) this.fail('oversized');
    else this.#chunks.push(chunk);
  }

  onResponseEnd(): void {
    this.#finish();
    const body = Buffer.concat(this.#chunks, this.#bytes);
    this.#result.resolve({ ok: true, status: this.#status ?? 0, header: this.#header, body });
  }

  onResponseError(_connection: unknown, error: Error): void {
    const failure = failureOf(error);
    // A parser's error quotes the response, which may be personal.
    if (failure) this.fail(failure, failure === 'garbled' ? undefined : error);
    else this.failWithBug(error);
  }

  fail(failure: TransportFailure, cause?: unknown): void {
    if (this.#isOver) return;
    this.#finish();
    const sent = this.#connection !== undefined;
    this.#result.resolve({ ok: false, failure, sent, status: this.#status, header: this.#header, cause });
    this.#connection?.abort(new Error('The request was given up'));
  }

  failWithBug(error: unknown): void {
    this.#finish();
    this.#result.reject(error);
    this.#connection?.abort(new Error('The request failed'));
  }

  #finish(): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
    this.#request.signal.removeEventListener('abort', this.#onAbort);
  }

  readonly #onAbort = () => this.fail('aborted', this.#request.signal.reason);

  /** Returns the first value if the header is repeated. */
  readonly #header = (name: string) => [this.#headers[name]].flat()[0];
}

/** Returns undefined for an error that the network cannot cause. */
function failureOf(error: Error): 'connection' | 'garbled' | undefined {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  if (error.name === 'HTTPParserError' || /^(HPE_|UND_ERR_HEADERS_OVERFLOW)/.test(code)) return 'garbled';
  if (code === 'UND_ERR_SOCKET' || code === 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH') return 'connection';
  // Undici's other errors are faults of this code, which retries must not hide.
  return code === '' || code.startsWith('UND_ERR') ? undefined : 'connection';
}
