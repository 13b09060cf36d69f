import { isIP, connect as openTcp, type Socket } from 'node:net';
import { connect as openTls } from 'node:tls';

const CONNECT_TIMEOUT_MS = 5_000;
/**
 * How long a connection may have been open, by the wall clock, before its first request: long enough for a
 * claim to be written meanwhile, and shorter than any server waits for a first request.
 */
const PREPARED_FOR_MS = 1_000;

/** Opens connections, and one ahead of its time: its handshake then runs beside other work. */
export function createConnector(origin: string) {
  const { protocol, hostname, port } = new URL(origin);
  const host = hostname.replace(/^\[|\]$/g, '');
  const connecting = new Set<Socket>();
  let session: Buffer | undefined;
  let prepared: Promise<Prepared | undefined> | undefined;

  function openSecure(): Socket {
    const options = { host, port: Number(port || 443), ALPNProtocols: ['http/1.1'] };
    // An address is nobody's name (RFC 6066, section 3).
    return openTls({ ...options, servername: isIP(host) ? '' : host, session }).on('session', (latest) => {
      session = latest;
    });
  }

  /** Rejects with Node's error. Later ones are for whoever uses the connection, if anybody does. */
  async function connect(): Promise<Socket> {
    const isSecure = protocol === 'https:';
    const socket = isSecure ? openSecure() : openTcp({ host, port: Number(port || 80) });
    connecting.add(socket.setNoDelay());
    const timer = setTimeout(() => socket.destroy(failed('ETIMEDOUT')), CONNECT_TIMEOUT_MS);
    try {
      await new Promise((resolve, reject) => {
        socket.once(isSecure ? 'secureConnect' : 'connect', resolve).on('error', reject);
      });
      return socket;
    } finally {
      clearTimeout(timer);
      connecting.delete(socket);
    }
  }

  function take() {
    const taken = prepared;
    prepared = undefined;
    return taken;
  }

  function drop() {
    take()?.then((one) => one?.socket.destroy());
  }

  async function open(): Promise<Prepared | undefined> {
    const socket = await connect().catch(() => undefined);
    // Waiting for a request that may not come, it must not keep the process from ending.
    socket?.unref();
    return socket && { socket, sinceMs: Date.now() };
  }

  return {
    connect,
    /** Takes the connection that was prepared, if there is one and it is young enough. */
    connectPrepared: async (): Promise<Socket> => {
      const one = await take();
      if (one && isFresh(one)) return one.socket.ref();
      one?.socket.destroy();
      return connect();
    },
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
    /** Also what is still connecting. */
    close: () => {
      drop();
      for (const socket of connecting) socket.destroy(failed('ECONNABORTED'));
    },
  };
}

type Prepared = { socket: Socket; sinceMs: number };

function isFresh({ socket, sinceMs }: Prepared): boolean {
  const ageMs = Date.now() - sinceMs;
  // A clock that was set back proves nothing.
  return !socket.destroyed && ageMs >= 0 && ageMs <= PREPARED_FOR_MS;
}

function failed(code: string): Error {
  return Object.assign(new Error('No connection was made'), { code });
}
