import type { ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { setImmediate as immediate } from 'node:timers/promises';
import type { Delivery } from './delivery.ts';

const HUGE_BODY_BYTES = 50 * 1024 * 1024;
const CHUNK = Buffer.alloc(64 * 1024, ' ');
const DRIP_MS = 20;

/** Writes to the socket what the client is to get; resolves when nothing more will be written. */
export async function send(
  response: ServerResponse,
  { status, headers, body, end }: Delivery,
  sleep: (ms: number) => Promise<void>,
): Promise<void> {
  if (status !== null) response.statusCode = status;
  // Not by writeHead, after which Node tells no Content-Length.
  response.setHeaders(new Map(Object.entries(headers)));
  if (end === 'whole') response.end(body);
  else if (end === 'closed' && status === null) response.socket?.destroy();
  else if (end === 'closed') response.write(body, () => response.socket?.destroy());
  // A client that goes away ends the pipeline with an error, and the white space with it.
  else if (end !== 'silent')
    await pipeline(withWhiteSpace(body, end, sleep), response).catch(() => undefined);
}

async function* withWhiteSpace(
  body: string,
  end: 'dripping' | 'endless' | 'huge',
  sleep: (ms: number) => Promise<void>,
): AsyncGenerator<string | Buffer> {
  yield body;
  if (end === 'huge') for (let sent = 0; sent < HUGE_BODY_BYTES; sent += CHUNK.length) yield CHUNK;
  while (end === 'endless') {
    yield CHUNK;
    await immediate();
  }
  while (end === 'dripping') {
    yield ' ';
    await sleep(DRIP_MS);
  }
}
