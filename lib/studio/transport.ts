import { Pool } from 'undici';
import { createConnector } from './connector.ts';

/**
 * The only door to the network. Speaks HTTP/1.1 through undici's pool, by its lowest door (`dispatch`): that
 * is all the bundle needs of undici, and it tells exactly when a request begins to leave.
 */
export type TransportRequest = {
  method: 'GET' | 'POST' | 'DELETE';
  /** With the query. */
  path: string;
  headers: Record<string, string>;
  body?: string | undefined;
  /**
   * On a connection of its own, closed afterwards: for what must not be sent twice. A connection that was
   * idle may be dead without anybody knowing (a server closes it just now, or did while the Lambda was
   * frozen), and no age, clock or probe proves otherwise; then nobody could tell whether the request arrived.
   * Measured, it costs 0.3 ms on loopback and 1.4 ms with TLS resumed, and the round trips of a handshake,
   * unless `prepare` was called in time.
   */
  fresh: boolean;
  maxBodyBytes: number;
  /** For this one request until the last byte of the body, where the signal's time is longer. */
  timeoutMs?: number | undefined;
  signal: AbortSignal;
  /** Asked when the first byte is about to leave: timers may be late, as after a freeze. */
  mayLeave: () => boolean;
};

export type TransportFailure =
  | 'timeout'
  | 'aborted'
  | 'connection'
  /** The body went past `maxBodyBytes`. */
  | 'oversized'
  /** What came is not HTTP. */
  | 'garbled';

export type TransportResult =
  | { ok: true; status: number; header(name: string): string | undefined; body: Buffer }
  | {
      ok: false;
      failure: TransportFailure;
      /** false if surely not one byte left. */
      sent: boolean;
      /** Set when the answer had begun. */
      status: number | undefined;
      header(name: string): string | undefined;
      cause: unknown;
    };

export type Transport = {
  send(request: TransportRequest): Promise<TransportResult>;
  /** Opens the connection that the next fresh request will take. Never fails: then that request opens its own. */
  prepare(): void;
  close(): Promise<void>;
};

/** Below the 5 s after which a Node server, and the shortest of the usual proxies, closes an idle connection. */
const IDLE_TIMEOUT_MS = 4_000;

export function createTransport(origin: string): Transport {
  const { connect, connectPrepared, prepare, close } = createConnector(origin);
  const options = {
    // One exchange to a connection at a time: whatever breaks then broke for one request only.
    pipelining: 1,
    // Otherwise all requests wait for the first handshake, to see whether it comes to HTTP/2.
    allowH2: false,
    // Both are covered by the signal and `timeoutMs`, to the millisecond.
    headersTimeout: 0,
    bodyTimeout: 0,
    keepAliveTimeout: IDLE_TIMEOUT_MS,
    // Some servers promise to keep a connection for minutes; a frozen Lambda makes nothing of such promises.
    keepAliveMaxTimeout: IDLE_TIMEOUT_MS,
  };
  const fresh = new Pool(origin, { ...options, connect: connectPrepared });
  let shared = new Pool(origin, { ...options, connect });
  let inFlight = 0;
  let lastUsedMs = Date.now();

  /**
   * Gives up what was idle for too long by the wall clock. The pool's own timers stand still while a Lambda
   * is frozen; on a connection that died meanwhile even a repeatable request would lose all its time for a try.
   */
  function thaw() {
    const idleMs = Date.now() - lastUsedMs;
    if (inFlight > 0 || (idleMs >= 0 && idleMs <= IDLE_TIMEOUT_MS)) return;
    shared.destroy();
    shared = new Pool(origin, { ...options, connect });
  }

  async function sendShared(request: TransportRequest) {
    thaw();
    inFlight += 1;
    try {
      return await send(shared, request);
    } finally {
      inFlight -= 1;
      lastUsedMs = Date.now();
    }
  }

  return {
    send: (request) => (request.fresh ? send(fresh, request) : sendShared(request)),
    prepare,
    close: async () => {
      // Nothing is thawed any more.
      inFlight += 1;
      await Promise.all([shared.destroy(), fresh.destroy()]);
      close();
    },
  };
}

function send(pool: Pool, request: TransportRequest): Promise<TransportResult> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    let sent = false;
    let done = false;
    let status: number | undefined;
    let header: (name: string) => string | undefined = () => undefined;
    let abort: ((reason: Error) => void) | undefined;

    const finish = () => {
      done = true;
      clearTimeout(timer);
      request.signal.removeEventListener('abort', onAbort);
    };
    const fail = (failure: TransportFailure, cause: unknown) => {
      if (done) return;
      finish();
      resolve({ ok: false, failure, sent, status, header, cause });
      // Closes the connection: half an answer is still on it.
      abort?.(new Error(failure));
    };
    const onAbort = () => fail('aborted', request.signal.reason);
    const timer =
      request.timeoutMs === undefined
        ? undefined
        : setTimeout(() => fail('timeout', undefined), request.timeoutMs);
    if (request.signal.aborted) return onAbort();
    request.signal.addEventListener('abort', onAbort, { once: true });

    pool.dispatch(
      {
        method: request.method,
        path: request.path,
        headers: request.headers,
        body: request.body ?? null,
        reset: request.fresh,
      },
      {
        // Called when a connection stands and the first byte is about to be written to it.
        onRequestStart: (controller) => {
          // It was given up while it waited for a connection: then it does not leave at all.
          if (!done && !request.mayLeave()) fail('timeout', undefined);
          if (done) return controller.abort(new Error('given up before it was sent'));
          sent = true;
          abort = (reason) => controller.abort(reason);
        },
        onResponseStart: (_controller, statusCode, headers) => {
          status = statusCode;
          header = (name) => {
            const value = headers[name];
            return Array.isArray(value) ? value[0] : value;
          };
        },
        onResponseData: (_controller, chunk) => {
          length += chunk.length;
          if (length > request.maxBodyBytes) return fail('oversized', undefined);
          chunks.push(chunk);
        },
        onResponseEnd: () => {
          if (done || status === undefined) return;
          finish();
          resolve({ ok: true, status, header, body: Buffer.concat(chunks, length) });
        },
        onResponseError: (_controller, error) => {
          if (done) return;
          const failure = failureOf(error);
          // A parser's error quotes what it could not read, which may be personal.
          if (failure) return fail(failure, failure === 'garbled' ? undefined : error);
          finish();
          reject(error);
        },
      },
    );
  });
}

/** Told by code; an error that the network cannot have caused is a bug, and is thrown as it is. */
function failureOf(error: Error): TransportFailure | undefined {
  if (error.name === 'HTTPParserError') return 'garbled';
  if (!('code' in error) || typeof error.code !== 'string') return undefined;
  const { code } = error;
  if (code === 'UND_ERR_CLOSED' || code === 'UND_ERR_DESTROYED') return 'aborted';
  if (code === 'UND_ERR_HEADERS_OVERFLOW') return 'garbled';
  if (['UND_ERR_SOCKET', 'UND_ERR_CONNECT_TIMEOUT', 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH'].includes(code))
    return 'connection';
  // Node's own: ECONNREFUSED, ENOTFOUND, EPIPE …, and those of TLS and certificates.
  return code.startsWith('UND_ERR') ? undefined : 'connection';
}
