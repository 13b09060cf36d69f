import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';

/** The small HTTP server under every stand-in and the gateway. It binds loopback only. */

export type Exchange = {
  method: string;
  /** As sent, still percent-encoded, without the query. */
  path: string;
  /** As sent, without the question mark. */
  rawQuery: string;
  query: URLSearchParams;
  headers: IncomingHttpHeaders;
  /** Names and values as sent, duplicates kept. */
  rawHeaders: [string, string][];
  body: Buffer;
  remoteAddress: string;
};

export type Reply = {
  status: number;
  headers?: Record<string, string | string[]>;
  body?: string | Uint8Array;
};

export type Listening = { url: string; port: number; close(): Promise<void> };

export type ListenOptions = {
  /** 0: any free one. */
  port?: number;
  maxBodyBytes: number;
  maxHeaderBytes?: number;
  answer: (exchange: Exchange) => Promise<Reply>;
  /** What to say to a longer body; the connection closes after it. */
  tooLarge: Reply;
};

const LOOPBACK = '127.0.0.1';

/** Throws what `listen` throws, such as EADDRINUSE. */
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
    server.listen(port, LOOPBACK, () => resolve());
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
  const body = await readBody(request, options.maxBodyBytes);
  if (body === 'too large') {
    // The rest of the body is left unread: nothing after it can be told apart any more.
    send(request, response, {
      ...options.tooLarge,
      headers: { ...options.tooLarge.headers, connection: 'close' },
    });
    return;
  }
  const [path = '/', ...queryParts] = (request.url ?? '/').split('?');
  const rawQuery = queryParts.join('?');
  const reply = await options.answer({
    method: request.method ?? 'GET',
    path,
    rawQuery,
    query: new URLSearchParams(rawQuery),
    headers: request.headers,
    rawHeaders: pairs(request.rawHeaders),
    body,
    remoteAddress: request.socket.remoteAddress ?? LOOPBACK,
  });
  send(request, response, reply);
}

async function readBody(request: IncomingMessage, maxBytes: number): Promise<Buffer | 'too large'> {
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) return 'too large';
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    if (!Buffer.isBuffer(chunk)) throw new Error('The body was decoded already');
    bytes += chunk.length;
    if (bytes > maxBytes) return 'too large';
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function send(
  request: IncomingMessage,
  response: ServerResponse,
  { status, headers, body = '' }: Reply,
): void {
  const bytes = typeof body === 'string' ? Buffer.from(body) : body;
  const bodyless = status === 204 || status === 304;
  // HEAD says how long the answer to GET would be.
  const length = bodyless || headers?.['content-length'] ? {} : { 'content-length': String(bytes.length) };
  response.writeHead(status, { ...headers, ...length });
  response.end(bodyless || request.method === 'HEAD' ? undefined : bytes);
}

function pairs(flat: string[]): [string, string][] {
  return Array.from({ length: flat.length / 2 }, (_, at) => [flat[2 * at] ?? '', flat[2 * at + 1] ?? '']);
}
