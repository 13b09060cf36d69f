import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Socket } from 'node:net';
import { type Answer, Refusal } from './answers.ts';
import { exchange } from './exchange.ts';
import { administer, isAdministrative } from './faults/administration.ts';
import { deliveryOf } from './faults/delivery.ts';
import { send } from './faults/send.ts';
import type { SimulatedStudio, SimulatedStudioOptions } from './options.ts';
import { StudioState } from './studio-state.ts';

export type { SimulatedStudio, SimulatedStudioOptions } from './options.ts';

/**
 * Starts Twilio Studio's REST API on 127.0.0.1, as strict as the real one, with the faults of its behaviour.
 * Rejects when the port is in use.
 */
export async function startSimulatedStudio(options: SimulatedStudioOptions = {}): Promise<SimulatedStudio> {
  const { prefix = '', tls } = options;
  const scheme = tls ? 'https' : 'http';
  const studio = new StudioState(options);
  const usedSockets = new WeakSet<Socket>();

  const listener = (request: IncomingMessage, response: ServerResponse) => {
    const isReusedConnection = usedSockets.has(request.socket);
    usedSockets.add(request.socket);
    serve({ studio, prefix, scheme, isReusedConnection }, request, response).catch((error: unknown) => {
      if (response.destroyed) return;
      // After the answer nothing would show an error, such as a watcher's: it ends the process.
      if (response.headersSent) throw error;
      // A bug of this simulator must not look like one of Studio's faults.
      response.writeHead(501, { 'Content-Type': 'text/plain' }).end(String(error));
    });
  };
  const server = tls ? createTlsServer(tls, listener) : createServer(listener);
  server.listen(options.port ?? 0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : address;

  return Object.assign(studio, {
    url: `${scheme}://127.0.0.1:${port}${prefix}`,
    closeIdleConnections: () => server.closeIdleConnections(),
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  });
}

/** Far more than any form that Studio takes. */
const MAX_BODY_BYTES = 1024 * 1024;

type Connection = {
  studio: StudioState;
  prefix: string;
  scheme: 'http' | 'https';
  isReusedConnection: boolean;
};

async function serve(
  { studio, prefix, scheme, isReusedConnection }: Connection,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { headers, method = 'GET' } = request;
  const url = URL.parse(request.url ?? '/', `${scheme}://${headers.host ?? '127.0.0.1'}`);
  const body = await readBody(request);
  const answer = (it: Answer) => send(response, deliveryOf(it, null), studio.sleep);
  if (url === null) return answer(new Refusal(20001, 'The URL cannot be read').answer());
  if (body === undefined) return answer(new Refusal(20413, 'The body is too large').answer());
  if (isAdministrative(url.pathname)) return answer(administer(studio, method, url.pathname, body));
  await exchange(studio, { method, url, prefix, headers, body, isReusedConnection }, (delivery) =>
    send(response, delivery, studio.sleep),
  );
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
