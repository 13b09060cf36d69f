import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { setImmediate as immediate } from 'node:timers/promises';
import { type Answer, half, JSON_TYPE, textOf } from '../answers.ts';
import type { Fault } from './behaviour.ts';

const HUGE_BODY_BYTES = 50 * 1024 * 1024;
const CHUNK = Buffer.alloc(64 * 1024, ' ');
const DRIP_MS = 20;
const LARGE_TEXT = 16 * 1024;

/** Writes the answer as Studio would; gives the text that went out, for whoever watches. */
export function sendAnswer(response: ServerResponse, answer: Answer): string {
  const text = textOf(answer);
  if (text === undefined) response.writeHead(answer.status, answer.headers).end();
  else {
    // Encoded once: a page of a thousand executions is nearly a megabyte.
    const body = text.length < LARGE_TEXT ? text : Buffer.from(text);
    response.writeHead(answer.status, { ...JSON_TYPE, ...answer.headers, ...lengthOf(body) }).end(body);
  }
  return text ?? '';
}

/** Spoils the delivery of an answer in the way of the fault; resolves when nothing more will be written. */
export async function sendFaulty(
  response: ServerResponse,
  answer: Answer,
  kind: Fault['kind'],
  sleep: (ms: number) => Promise<void>,
): Promise<null> {
  const right = textOf(answer);
  const text = right ?? '{}';
  const status = right === undefined ? 200 : answer.status;
  const headers = { ...answer.headers, ...JSON_TYPE };
  switch (kind) {
    case 'cut':
      response.socket?.destroy();
      break;
    case 'cut-body':
      response.writeHead(status, { ...headers, ...lengthOf(text) });
      response.write(half(text), () => response.socket?.destroy());
      break;
    case 'truncated-json':
      response.writeHead(status, headers).end(half(text));
      break;
    case 'huge-body':
      response.writeHead(status, { ...headers, ...lengthOf(text, HUGE_BODY_BYTES) }).write(text);
      for (let sent = 0; sent < HUGE_BODY_BYTES; sent += CHUNK.length)
        if (!(await write(response, CHUNK))) return null;
      response.end();
      break;
    case 'endless-body':
      response.writeHead(status, headers).write(half(text));
      while (await write(response, CHUNK)) await immediate();
      break;
    case 'dripping-body':
      response.writeHead(status, headers).write(half(text));
      while (await write(response, ' ')) await sleep(DRIP_MS);
      break;
    default:
      // `hang`: nothing, and the connection stays open.
      break;
  }
  return null;
}

function lengthOf(text: string | Buffer, moreBytes = 0): { 'Content-Length': number } {
  return { 'Content-Length': Buffer.byteLength(text) + moreBytes };
}

/** False once the other side is gone. */
async function write(response: ServerResponse, chunk: string | Buffer): Promise<boolean> {
  if (response.destroyed || response.socket?.destroyed !== false) return false;
  if (!response.write(chunk)) {
    const settled = new AbortController();
    const { signal } = settled;
    const events = ['drain', 'close'].map((event) => once(response, event, { signal }));
    // The one that does not come ends with an abort, which nobody waits for.
    await Promise.race(events).catch(() => undefined);
    settled.abort();
    await Promise.allSettled(events);
  }
  return !response.destroyed;
}
