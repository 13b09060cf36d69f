import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';

export type Exchange = {
  method: string;
  /** As sent, still percent-encoded, without the query. */
  path: string;
  /** As sent, without the question mark. */
  rawQuery: string;
  query: URLSearchParams;
  headers: IncomingHttpHeaders;
  /** By name in lower case, with every value of a repeated header. */
  headerValues: NodeJS.Dict<string[]>;
  body: Buffer;
};

export type Reply = {
  status: number;
  headers?: Record<string, string | string[]>;
  body?: string | Uint8Array;
};

export type Listening = { url: string; port: number; close(): Promise<void> };

type ListenOptions = {
  /** Default: 0, any free port. */
  port?: number;
  maxBodyBytes: number;
  maxHeaderBytes?: number;
  answer: (exchange: Exchange) => Promise<Reply>;
  /** The answer to a longer body; the connection closes after it. */
  tooLarge: Reply;
};

export const LOOPBACK = '127.0.0.1';

/**
 * Starts the HTTP server under a stand-in or the gateway. Throws what `listen` throws, such as EADDRINUSE.
 */
export async function listen(options: ListenOptions): Promise<Listening> {
  const server = createServer({ maxHeaderSize: options.maxHeaderBytes ?? 65_536 }, (request, response) => {
    exchange(request, response, options).catch((cause: unknown) => {
      if (!response.headersSent) response.writeHead(500);
      response.end();
      if (!request.destroyed) console.error('local server:', cause);
    });
  });
  return bind(server, options.port ?? 0);
}

/** Binds a server to loopback. Throws what `listen` throws, such as EADDRINUSE. */
export async function bind(server: Server, port: number): Promise<Listening> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, LOOPBACK, resolve);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The server has no port');
  return {
    url: `http://${LOOPBACK}:${address.port}`,
    port: address.port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function exchange(request: IncomingMessage, response: ServerResponse, options: ListenOptions) {
  const { method = 'GET', url = '/', headers, headersDistinct: headerValues } = request;
  const body = await readBody(request, options.maxBodyBytes);
  if (body === null) {
    const { tooLarge } = options;
    send(method, response, { ...tooLarge, headers: { ...tooLarge.headers, connection: 'close' } });
    return;
  }
  const [, path = '', rawQuery = ''] = /^([^?]*)\??(.*)$/s.exec(url) ?? [];
  const query = new URLSearchParams(rawQuery);
  const reply = await options.answer({ method, path, rawQuery, query, headers, headerValues, body });
  send(method, response, reply);
}

/** Returns null for a body that is too long, and leaves the rest of it unread. */
async function readBody(request: IncomingMessage, maxBytes: number): Promise<Buffer | null> {
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) return null;
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    bytes += chunk.length;
    if (bytes > maxBytes) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function send(method: string, response: ServerResponse, { status, headers, body = '' }: Reply): void {
  const hasNoBody = status === 204 || status === 304;
  // The answer to HEAD has the length that the answer to GET would have.
  const length = hasNoBody ? {} : { 'content-length': String(Buffer.byteLength(body)) };
  response.writeHead(status, { ...length, ...headers });
  response.end(hasNoBody || method === 'HEAD' ? undefined : body);
}
