import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Socket } from 'node:net';
import { refuse } from './answers.ts';
import { exchange } from './exchange.ts';
import { administer, isAdministrative } from './faults/administration.ts';
import { sendAnswer, sendFaulty } from './faults/send.ts';
import type { SimulatedStudio, SimulatedStudioOptions } from './options.ts';
import { controlsOf, StudioState } from './studio-state.ts';

export type { Exchange, SimulatedStudio, SimulatedStudioOptions } from './options.ts';

/**
 * Twilio Studio's REST API on this state, as strict as the real one and as unruly as it is told to be.
 * Rejects when the port is in use.
 */
export async function startSimulatedStudio(options: SimulatedStudioOptions = {}): Promise<SimulatedStudio> {
  const { prefix = '', tls } = options;
  const scheme = tls ? 'https' : 'http';
  const state = new StudioState(options);
  const usedSockets = new WeakSet<Socket>();

  const listener = (request: IncomingMessage, response: ServerResponse) => {
    const isReusedConnection = usedSockets.has(request.socket);
    usedSockets.add(request.socket);
    serve({ state, prefix, request, response, isReusedConnection, scheme }).catch((error: unknown) => {
      if (response.destroyed) return;
      // After the answer nothing would show an error, such as a watcher's: it ends the process.
      if (response.headersSent) throw error;
      // A bug of this simulator must not look like one of Studio's faults.
      response.writeHead(501, { 'Content-Type': 'text/plain' }).end(String(error));
    });
  };
  const server = tls ? createTlsServer(tls, listener) : createServer(listener);
  const port = await listen(server, options.port ?? 0);

  return {
    url: `${scheme}://127.0.0.1:${port}${prefix}`,
    ...controlsOf(state),
    closeIdleConnections: () => server.closeIdleConnections(),
    close: async () => {
      const closed = new Promise<void>((resolve) => void server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}

/** Far more than any form that Studio takes. */
const MAX_BODY_BYTES = 1024 * 1024;

type Wire = {
  state: StudioState;
  prefix: string;
  request: IncomingMessage;
  response: ServerResponse;
  isReusedConnection: boolean;
  scheme: 'http' | 'https';
};

async function serve({ state, prefix, request, response, isReusedConnection, scheme }: Wire) {
  const { headers, method = 'GET' } = request;
  const url = URL.parse(request.url ?? '/', `${scheme}://${headers.host ?? '127.0.0.1'}`);
  const body = await readBody(request);
  if (url === null) return void sendAnswer(response, refuse(20001, 'The URL cannot be read'));
  if (body === undefined) return void sendAnswer(response, refuse(20413, 'The body is too large'));
  if (isAdministrative(url.pathname))
    return void sendAnswer(response, administer(state, method, url.pathname, body));
  await exchange(state, { method, url, prefix, headers, body, isReusedConnection }, async (answer, fault) => {
    const text = fault
      ? await sendFaulty(response, answer, fault, state.sleep)
      : sendAnswer(response, answer);
    return { status: response.headersSent ? response.statusCode : null, text };
  });
}

/** Undefined when it is too large; it is read to its end all the same, so that an answer can be given. */
async function readBody(request: IncomingMessage): Promise<string | undefined> {
  const { 'content-length': length, 'transfer-encoding': encoding } = request.headers;
  if (encoding === undefined && (length === undefined || length === '0')) return '';
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    bytes += chunk.length;
    if (bytes <= MAX_BODY_BYTES) chunks.push(chunk);
  }
  return bytes <= MAX_BODY_BYTES ? Buffer.concat(chunks).toString('utf8') : undefined;
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      server.off('error', reject);
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : port);
    });
  });
}
