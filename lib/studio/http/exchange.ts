import { onAbort } from './on-abort.ts';
import type { TransportFailure, TransportRequest, TransportResult } from './transport.ts';

/**
 * One request and its answer, whoever carries them: `outcome` comes when the answer has ended, its time is over, or
 * its signal or `closing` says so. It rejects with what the network cannot have caused: that is a bug. What the
 * carrier tells after the end is not listened to.
 */
export class Exchange {
  readonly outcome: Promise<TransportResult>;
  readonly #request: TransportRequest;
  readonly #chunks: Buffer[] = [];
  readonly #timer: NodeJS.Timeout | undefined;
  readonly #forget: () => void;
  #settle: { resolve(result: TransportResult): void; reject(bug: unknown): void } | undefined;
  #length = 0;
  #sent = false;
  #status: number | undefined;
  #header: (name: string) => string | undefined = noHeader;
  #close: (() => void) | undefined;

  constructor(request: TransportRequest, closing: AbortSignal) {
    const { signal, timeoutMs } = request;
    this.#request = request;
    this.outcome = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
    const abort = () => this.#fail('aborted', (signal.aborted ? signal : closing).reason);
    signal.addEventListener('abort', abort, { once: true });
    const forgetClosing = onAbort(closing, abort);
    this.#forget = () => {
      signal.removeEventListener('abort', abort);
      forgetClosing();
    };
    if (timeoutMs !== undefined) this.#timer = setTimeout(() => this.#fail('timeout', undefined), timeoutMs);
    if (signal.aborted || closing.aborted) abort();
  }

  /** It has ended: there is nothing to carry any more. */
  get isOver(): boolean {
    return this.#settle === undefined;
  }

  /**
   * The first byte is about to leave. false: it must not, since it was given up or may not leave any more.
   * `close` closes the connection, on which half an answer may be.
   */
  leave(close: () => void): boolean {
    if (!this.isOver && !this.#request.mayLeave()) this.#fail('timeout', undefined);
    if (this.isOver) return false;
    this.#sent = true;
    this.#close = close;
    return true;
  }

  /** The answer has begun. */
  begin(status: number, header: (name: string) => string | undefined): void {
    this.#status = status;
    this.#header = header;
  }

  data(chunk: Buffer): void {
    this.#length += chunk.length;
    if (this.#length > this.#request.maxBodyBytes) this.#fail('oversized', undefined);
    else this.#chunks.push(chunk);
  }

  end(): void {
    const status = this.#status;
    if (status === undefined) return;
    const body = Buffer.concat(this.#chunks, this.#length);
    this.#finish()?.resolve({ ok: true, status, header: this.#header, body });
  }

  error(error: unknown): void {
    const failure = failureOf(error);
    // A parser's error quotes what it could not read, which may be personal.
    if (failure) this.#fail(failure, failure === 'garbled' ? undefined : error);
    else this.bug(error);
  }

  /** What the network cannot have caused, whatever it looks like. */
  bug(bug: unknown): void {
    this.#finish()?.reject(bug);
  }

  #fail(failure: TransportFailure, cause: unknown): void {
    const settle = this.#finish();
    if (!settle) return;
    settle.resolve({
      ok: false,
      failure,
      sent: this.#sent,
      status: this.#status,
      header: this.#header,
      cause,
    });
    this.#close?.();
  }

  /** undefined when it was over before. */
  #finish() {
    const settle = this.#settle;
    this.#settle = undefined;
    clearTimeout(this.#timer);
    this.#forget();
    return settle;
  }
}

const noHeader = () => undefined;

/** Told by code; an error that the network cannot have caused is a bug, and is thrown as it is. */
function failureOf(error: unknown): TransportFailure | undefined {
  if (!(error instanceof Error)) return undefined;
  if (error.name === 'HTTPParserError') return 'garbled';
  if (!('code' in error) || typeof error.code !== 'string') return undefined;
  const { code } = error;
  if (code.startsWith('HPE_') || code === 'UND_ERR_HEADERS_OVERFLOW') return 'garbled';
  if (code === 'UND_ERR_SOCKET' || code === 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH') return 'connection';
  // Node's own: ECONNREFUSED, ENOTFOUND, EPIPE …, and those of TLS and certificates.
  return code.startsWith('UND_ERR') ? undefined : 'connection';
}
