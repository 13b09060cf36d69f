import type { Socket } from 'node:net';
import type { Pool } from 'undici';
import { type Exchange, exchange } from './exchange.ts';
import type { TransportRequest, TransportResult } from './transport.ts';

/** Below the 5 s after which a Node server, and the shortest of the usual proxies, closes an idle connection. */
const IDLE_TIMEOUT_MS = 4_000;

export type StudioPool = {
  send(request: TransportRequest, signals: readonly AbortSignal[]): Promise<TransportResult>;
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
  let opened: Promise<Pool> | undefined;
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
    const pool = opened;
    opened = undefined;
    await (await pool)?.destroy();
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
    async send(request, signals) {
      thaw();
      inFlight += 1;
      try {
        return await exchange(request, signals, async (one) => {
          opened ??= open();
          dispatch(await opened, request, one);
        });
      } finally {
        inFlight -= 1;
        lastUsedMs = Date.now();
      }
    },
    close,
  };
}

function dispatch(
  pool: Pool,
  { method, path, headers, body }: TransportRequest,
  { leave, begin, data, end, error }: Exchange,
) {
  pool.dispatch(
    { method, path, headers, body: body ?? null },
    {
      // Called when a connection stands and the first byte is about to be written to it.
      onRequestStart: (controller) => {
        const isLet = leave(() => controller.abort(new Error('given up')));
        if (!isLet) controller.abort(new Error('given up before it was sent'));
      },
      onResponseStart: (_controller, status, headers) =>
        begin(status, (name) => {
          const value = headers[name];
          return Array.isArray(value) ? value[0] : value;
        }),
      onResponseData: (_controller, chunk) => data(chunk),
      onResponseEnd: end,
      onResponseError: (_controller, cause) => error(cause),
    },
  );
}
