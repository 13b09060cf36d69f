import { Socket } from 'node:net';
import { buildConnector } from 'undici';

type Connect = buildConnector.connector;

const CONNECT_TIMEOUT_MS = 5_000;
/**
 * How long a connection may have been open, by the wall clock, before its first request: long enough for a
 * claim to be written meanwhile, and shorter than any server waits for a first request.
 */
const PREPARED_FOR_MS = 1_000;

/** Opens connections, and one ahead of its time: its handshake then runs beside other work. */
export function createConnector(origin: string) {
  const build = buildConnector({ allowH2: false, timeout: CONNECT_TIMEOUT_MS });
  const connecting = new Set<Socket>();
  let prepared: Promise<Prepared | undefined> | undefined;

  const connect: Connect = (options, callback) => {
    // Handed back at once, which its type does not say.
    const socket: unknown = build(options, (...outcome) => {
      if (socket instanceof Socket) connecting.delete(socket);
      callback(...outcome);
    });
    if (socket instanceof Socket) connecting.add(socket);
  };

  function take() {
    const taken = prepared;
    prepared = undefined;
    return taken;
  }

  function drop() {
    take()?.then((one) => one?.socket.destroy());
  }

  async function open(): Promise<Prepared | undefined> {
    const { protocol, host, hostname, port } = new URL(origin);
    const socket = await new Promise<Socket | undefined>((resolve) =>
      connect({ protocol, host, hostname: hostname.replace(/^\[|\]$/g, ''), port }, (error, socket) =>
        resolve(error ? undefined : (socket ?? undefined)),
      ),
    );
    // Waiting for a request that may not come, it must not keep the process from ending.
    socket?.unref();
    return socket && { socket, sinceMs: Date.now() };
  }

  const connectPrepared: Connect = (options, callback) => {
    const taken = take();
    if (!taken) return connect(options, callback);
    taken.then((one) => {
      if (!one || !isFresh(one)) {
        one?.socket.destroy();
        return connect(options, callback);
      }
      one.socket.ref();
      callback(null, one.socket);
    });
  };

  return {
    connect,
    /** Takes the connection that was prepared, if there is one and it is young enough. */
    connectPrepared,
    /** Opens one, unless one is waiting already. What is left of an earlier invocation is not used. */
    prepare: async () => {
      const waiting = prepared;
      if (waiting) {
        const one = await waiting;
        if (one && isFresh(one)) return;
        if (prepared === waiting) drop();
      }
      prepared ??= open();
    },
    /** Also what is still connecting: the pool closes only connections that stand. */
    close: () => {
      drop();
      for (const socket of connecting) socket.destroy();
      connecting.clear();
    },
  };
}

type Prepared = { socket: Socket; sinceMs: number };

function isFresh({ socket, sinceMs }: Prepared): boolean {
  const ageMs = Date.now() - sinceMs;
  // A clock that was set back proves nothing.
  return !socket.destroyed && ageMs >= 0 && ageMs <= PREPARED_FOR_MS;
}
