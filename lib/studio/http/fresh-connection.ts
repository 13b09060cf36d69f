import { request as send } from 'node:http';
import type { Socket } from 'node:net';
import { Exchange } from './exchange.ts';
import type { TransportRequest, TransportResult } from './transport.ts';

/**
 * Sends a request on a connection of its own, which is closed afterwards. Of what a pool does nothing is needed
 * for that; and Node's client is there at a cold start, since the AWS SDK uses it, where undici would cost 10 ms.
 */
export function sendOnce(
  connect: () => Promise<Socket>,
  /** As in a URL, with its port. */
  host: string,
  request: TransportRequest,
  closing: AbortSignal,
): Promise<TransportResult> {
  const exchange = new Exchange(request, closing);
  if (!exchange.isOver)
    connect()
      .then(
        (socket) => carry(exchange, socket, host, request),
        (cause: unknown) => exchange.error(cause),
      )
      .catch((bug: unknown) => exchange.bug(bug));
  return exchange.outcome;
}

function carry(exchange: Exchange, socket: Socket, host: string, request: TransportRequest): void {
  const close = () => socket.destroy();
  if (!exchange.leave(close)) return void close();
  const { method, path, headers, body } = request;
  const error = (cause: unknown) => exchange.error(cause);
  // Without an agent, which would keep the connection: `connection: close` is sent, and the socket closed.
  const options = { createConnection: () => socket, method, path, headers: { ...headers, host } };
  try {
    send(options, (response) => {
      exchange.begin(response.statusCode ?? 0, (name) => response.headersDistinct[name]?.[0]);
      response
        .on('data', (chunk) => exchange.data(chunk))
        .on('end', () => exchange.end())
        .on('error', error);
    })
      .on('error', error)
      // Which nobody asked for. Unheard, it would neither be answered nor fail.
      .on('upgrade', () => {
        close();
        error(Object.assign(new Error('Another protocol was answered'), { code: 'EPROTO' }));
      })
      .end(body);
  } catch (bug) {
    close();
    throw bug;
  }
}
