import type { Socket } from 'node:net';
import type { Dispatcher, Pool } from 'undici';
import { Exchange } from './exchange.ts';
import type { TransportRequest, TransportResult } from './transport.ts';

/** Below the 5 s after which a Node server, and the shortest of the usual proxies, closes an idle connection. */
const IDLE_TIMEOUT_MS = 4_000;

export type StudioPool = {
  send(request: TransportRequest, closing: AbortSignal): Promise<TransportResult>;
  close(): Promise<void>;
};

/** Where everybody needs it, call it at a cold start: it is loaded beside the wait for the secret, then. */
export const loadPool = () => import('undici');

/**
 * Connections that are kept, for requests that may be repeated: undici's pool by its lowest door (`dispatch`),
 * which is all the bundles need of it, and tells exactly when a request begins to leave. It is loaded when it is
 * first needed: a trigger mostly does without it (once.ts).
 */
export function createPool(origin: string, connect: () => Promise<Socket>): StudioPool {
  let opening: Promise<Pool> | undefined;
  let opened: Pool | undefined;
  let inFlight = 0;
  let lastUsedMs = Date.now();

  async function open(): Promise<Pool> {
    const { Pool } = await loadPool();
    return new Pool(origin, {
      connect: (_, callback) => {
        connect().then(
          (socket) => callback(null, socket),
          (error) => callback(error, null),
        );
      },
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
    });
  }

  async function close() {
    const closing = opening;
    opening = undefined;
    opened = undefined;
    await (await closing)?.destroy();
  }

  /**
   * Gives up what was idle for too long by the wall clock. The pool's own timers stand still while a Lambda
   * is frozen; on a connection that died meanwhile even a repeatable request would lose all its time for a try.
   */
  function thaw() {
    const idleMs = Date.now() - lastUsedMs;
    if (inFlight === 0 && (idleMs < 0 || idleMs > IDLE_TIMEOUT_MS)) close();
  }

  return {
    async send(request, closing) {
      thaw();
      inFlight += 1;
      try {
        opening ??= open();
        opened ??= await opening;
        const exchange = new Exchange(request, closing);
        if (!exchange.isOver) dispatch(opened, request, exchange);
        return await exchange.outcome;
      } finally {
        inFlight -= 1;
        lastUsedMs = Date.now();
      }
    },
    close,
  };
}

function dispatch(pool: Pool, { method, path, headers, body }: TransportRequest, exchange: Exchange): void {
  try {
    pool.dispatch({ method, path, headers, body: body ?? null }, new Handler(exchange));
  } catch (bug) {
    exchange.bug(bug);
  }
}

class Handler implements Dispatcher.DispatchHandler {
  readonly #exchange: Exchange;

  constructor(exchange: Exchange) {
    this.#exchange = exchange;
  }

  /** Called when a connection stands and the first byte is about to be written to it. */
  onRequestStart(controller: Dispatcher.DispatchController): void {
    const isLet = this.#exchange.leave(() => controller.abort(new Error('given up')));
    if (!isLet) controller.abort(new Error('given up before it was sent'));
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    this.#exchange.begin(status, (name) => {
      const value = headers[name];
      return Array.isArray(value) ? value[0] : value;
    });
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#exchange.data(chunk);
  }

  onResponseEnd(): void {
    this.#exchange.end();
  }

  onResponseError(_controller: Dispatcher.DispatchController, cause: Error): void {
    this.#exchange.error(cause);
  }
}
