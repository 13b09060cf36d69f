import { isIP, connect as openTcp, type Socket } from 'node:net';
import { connect as openTls } from 'node:tls';

const CONNECT_TIMEOUT_MS = 5_000;
/**
 * Maximum age, by the wall clock, at which a prepared connection is used: enough for the claim to be written
 * meanwhile, and less than any server waits for a first request.
 */
const MAX_PREPARED_MS = 1_000;

type Prepared = { socket: Socket; openedAtMs: number };

/** Opens connections to `origin`. All of them are closed when `closing` aborts. */
export function createConnector(origin: string, closing: AbortSignal) {
  const { protocol, hostname, port } = new URL(origin);
  const isSecure = protocol === 'https:';
  const host = hostname.replace(/^\[|\]$/g, '');
  const address = { host, port: Number(port) || (isSecure ? 443 : 80) };
  // A listener for each socket would make Node search all of them whenever one is added.
  const sockets = new Set<Socket>();
  let session: Buffer | undefined;
  let prepared: Promise<Prepared | undefined> | undefined;

  closing.addEventListener('abort', () => {
    for (const socket of sockets) socket.destroy(closing.reason);
  });

  function openSocket(): Socket {
    if (!isSecure) return openTcp(address);
    // SNI must not be an IP address (RFC 6066, section 3).
    const servername = isIP(host) ? '' : host;
    return openTls({ ...address, servername, session, ALPNProtocols: ['http/1.1'] }).on(
      'session',
      (latest) => {
        session = latest;
      },
    );
  }

  /** Rejects with Node's error. */
  function connect(): Promise<Socket> {
    const { promise, resolve, reject } = Promise.withResolvers<Socket>();
    const socket = openSocket();
    sockets.add(socket);
    if (closing.aborted) socket.destroy(closing.reason);
    const timer = setTimeout(() => socket.destroy(timedOut()), CONNECT_TIMEOUT_MS);
    socket
      .setNoDelay()
      .once('close', () => sockets.delete(socket))
      .once(isSecure ? 'secureConnect' : 'connect', () => resolve(socket))
      // Stays: an unused connection may fail later, and an unheard error would end the process.
      .on('error', reject);
    return promise.finally(() => clearTimeout(timer));
  }

  async function open(): Promise<Prepared | undefined> {
    const socket = await connect().catch(() => undefined);
    // An unused connection must not keep the process running.
    return socket && { socket: socket.unref(), openedAtMs: Date.now() };
  }

  return {
    connect,
    /** Takes the prepared connection, or opens one. */
    connectFresh: async (): Promise<Socket> => {
      const taken = prepared;
      prepared = undefined;
      return (await unlessStale(taken))?.socket.ref() ?? connect();
    },
    /** Opens a connection for the next `connectFresh`, unless one is waiting. */
    prepare: (): void => {
      const waiting = prepared;
      prepared = unlessStale(waiting).then((one) => one ?? open());
    },
  };
}

async function unlessStale(prepared: Promise<Prepared | undefined> | undefined) {
  const one = await prepared;
  if (!one) return undefined;
  const ageMs = Date.now() - one.openedAtMs;
  // A negative age means that the clock was set back.
  if (!one.socket.destroyed && ageMs >= 0 && ageMs <= MAX_PREPARED_MS) return one;
  one.socket.destroy();
  return undefined;
}

function timedOut(): Error {
  return Object.assign(new Error('The connection could not be made in time'), { code: 'ETIMEDOUT' });
}
