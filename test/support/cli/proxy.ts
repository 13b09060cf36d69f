import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export type Seen = { method: string; path: string; headers: IncomingMessage['headers'] };

/** What becomes of a request: it passes, is cut before or after it did its work, or is answered here. */
export type Fate =
  | 'pass'
  | 'cut-before'
  | 'cut-after'
  | { status: number; body: string; headers?: Record<string, string> };

export type Line = { url: string; seen: Seen[]; fate: (seen: Seen) => Fate; close(): Promise<void> };

/** Stands between a tool and the API, and loses what it is told to lose. */
export async function startProxy(target: string): Promise<Line> {
  const server = createServer((incoming, answer) => {
    const seen = { method: incoming.method ?? '', path: incoming.url ?? '', headers: incoming.headers };
    proxy.seen.push(seen);
    const fate = proxy.fate(seen);
    if (fate === 'cut-before') incoming.socket.destroy();
    else if (typeof fate === 'string') forward(target, incoming, answer, fate === 'cut-after');
    else answer.writeHead(fate.status, fate.headers).end(fate.body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const proxy: Line = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen: [],
    fate: () => 'pass',
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
  return proxy;
}

function forward(target: string, incoming: IncomingMessage, answer: ServerResponse, cut: boolean): void {
  const { method, url, headers } = incoming;
  const outgoing = request(`${target}${url}`, {
    method,
    headers: { ...headers, host: new URL(target).host },
  });
  incoming.pipe(outgoing);
  outgoing.on('error', () => incoming.socket.destroy());
  outgoing.on('response', (response) => {
    if (cut) {
      response.resume().on('end', () => incoming.socket.destroy());
      return;
    }
    answer.writeHead(response.statusCode ?? 500, response.headers);
    response.pipe(answer);
  });
}
