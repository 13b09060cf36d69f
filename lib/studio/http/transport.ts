import { request as sendByNode } from 'node:http';
import type { Socket } from 'node:net';
import type { Pool } from 'undici';
import { createConnector } from './connector.ts';
import { Exchange, type TransportRequest, type TransportResult } from './exchange.ts';

/** Sends HTTP/1.1 requests to one origin. */
export type Transport = {
  send(request: TransportRequest): Promise<TransportResult>;
  /** Opens the connection of the next fresh request ahead of time. Never fails. */
  prepare(): void;
  close(): Promise<void>;
};

/** Below the 5 s after which Node servers, and the strictest common proxies, close an idle connection. */
const IDLE_TIMEOUT_MS = 4_000;

/** Loads undici, which a trigger's first create does without. Other functions call it at their cold start. */
export const loadPool = () => import('undici');

/**
 * Repeatable requests use undici's pool. A fresh request uses Node's client, on a connection of its own:
 * docs/decisions/0005-two-http-clients.md.
 */
export function createTransport(origin: string): Transport {
  const closing = new AbortController();
  const connector = createConnector(origin, closing.signal);
  const { host } = new URL(origin);
  const pool = createPool(origin, connector.connect);
  const running = new Set<Exchange>();

  return {
    send: async (request) => {
      const exchange = new Exchange(request);
      if (closing.signal.aborted) exchange.fail('aborted', closing.signal.reason);
      if (exchange.isOver) return exchange.result;
      running.add(exchange);
      const sending = request.fresh
        ? connector.connectFresh().then(
            (socket) => sendOnFreshConnection(exchange, socket, host, request),
            (error) => exchange.onResponseError(undefined, error),
          )
        : pool.send(exchange, request);
      sending.catch((error) => exchange.failWithBug(error));
      return exchange.result.finally(() => running.delete(exchange));
    },
    prepare: connector.prepare,
    close: async () => {
      closing.abort(new Error('The transport is closed'));
      for (const exchange of running) exchange.fail('aborted', closing.signal.reason);
      await pool.close();
    },
  };
}

function sendOnFreshConnection(
  exchange: Exchange,
  socket: Socket,
  host: string,
  { method, path, headers, body }: TransportRequest,
): void {
  exchange.onRequestStart({ abort: () => socket.destroy() });
  if (exchange.isOver) return;
  const onError = (error: Error) => exchange.onResponseError(undefined, error);
  // Without an agent Node sends `connection: close` and closes the socket after the response.
  const options = { createConnection: () => socket, method, path, headers: { ...headers, host } };
  sendByNode(options, (response) => {
    exchange.onResponseStart(undefined, response.statusCode ?? 0, response.headersDistinct);
    response
      .on('data', (chunk) => exchange.onResponseData(undefined, chunk))
      .on('end', () => exchange.onResponseEnd())
      .on('error', onError);
  })
    .on('error', onError)
    // Without a listener, a 101 would neither succeed nor fail.
    .on('upgrade', () => exchange.fail('connection', new Error('The server switched protocols')))
    .end(body);
}

/** A pool that is opened when it is first used, and again after a freeze. */
function createPool(origin: string, connect: () => Promise<Socket>) {
  let opening: Promise<Pool> | undefined;
  let inFlight = 0;
  let lastUsedMs = 0;

  async function open(): Promise<Pool> {
    const { Pool } = await loadPool();
    return new Pool(origin, {
      connect: (_, callback) => {
        connect().then(
          (socket) => callback(null, socket),
          (error) => callback(error, null),
        );
      },
      // One request at a time, so that a broken connection breaks one request only.
      pipelining: 1,
      // Otherwise all requests wait for the first handshake to choose the protocol.
      allowH2: false,
      // The exchange's own limits apply.
      headersTimeout: 0,
      bodyTimeout: 0,
      keepAliveTimeout: IDLE_TIMEOUT_MS,
      // Some servers promise minutes, which a frozen Lambda cannot rely on.
      keepAliveMaxTimeout: IDLE_TIMEOUT_MS,
    });
  }

  async function close() {
    const closing = opening;
    opening = undefined;
    await (await closing)?.destroy();
  }

  /**
   * Drops connections that were idle for too long by the wall clock. The pool's timers stand still while a
   * Lambda is frozen, and a request on a connection that died meanwhile would lose all its time.
   */
  function dropStale() {
    const idleMs = Date.now() - lastUsedMs;
    if (inFlight === 0 && (idleMs < 0 || idleMs > IDLE_TIMEOUT_MS)) close();
  }

  return {
    send: async (exchange: Exchange, { method, path, headers, body }: TransportRequest) => {
      dropStale();
      inFlight += 1;
      try {
        opening ??= open().catch((error) => {
          opening = undefined;
          throw error;
        });
        const pool = await opening;
        if (!exchange.isOver) pool.dispatch({ method, path, headers, body: body ?? null }, exchange);
        await exchange.result;
      } finally {
        inFlight -= 1;
        lastUsedMs = Date.now();
      }
    },
    close,
  };
}
