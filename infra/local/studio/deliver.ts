import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { Answer } from './answers.ts';
import type { Fault } from './behaviour.ts';

const HUGE_BODY_BYTES = 50 * 1024 * 1024;
const CHUNK = Buffer.alloc(64 * 1024, ' ');
const DRIP_MS = 20;

export type Delivery = { response: ServerResponse; answer: Answer; sleep: (ms: number) => Promise<void> };

/** Writes the answer as Studio would; the text that went out, for whoever watches. */
export function deliver({ response, answer }: Delivery): string {
  const text = answer.body === undefined ? '' : JSON.stringify(answer.body);
  const type = answer.body === undefined ? {} : { 'Content-Type': 'application/json;charset=utf-8' };
  const length = answer.body === undefined ? {} : { 'Content-Length': Buffer.byteLength(text) };
  response.writeHead(answer.status, { ...answer.headers, ...type, ...length });
  response.end(text);
  return text;
}

/** Spoils the delivery of an answer in the way of the fault. Faults of whole answers were dealt with before. */
export async function deliverSpoiled(delivery: Delivery, kind: Fault['kind']): Promise<void> {
  const { response, answer, sleep } = delivery;
  const text = JSON.stringify(answer.body ?? {});
  const headers = { ...answer.headers, 'Content-Type': 'application/json;charset=utf-8' };
  const status = answer.status === 204 ? 200 : answer.status;
  switch (kind) {
    case 'cut':
      response.socket?.destroy();
      return;
    case 'hang':
      return;
    case 'cut-body':
      response.writeHead(status, { ...headers, 'Content-Length': Buffer.byteLength(text) });
      response.write(half(text), () => response.socket?.destroy());
      return;
    case 'truncated-json':
      response.writeHead(status, headers);
      response.end(half(text));
      return;
    case 'huge-body':
      response.writeHead(status, { ...headers, 'Content-Length': Buffer.byteLength(text) + HUGE_BODY_BYTES });
      response.write(text);
      for (let sent = 0; sent < HUGE_BODY_BYTES; sent += CHUNK.length)
        if (!(await write(response, CHUNK))) return;
      response.end();
      return;
    case 'endless-body':
      response.writeHead(status, headers);
      response.write(half(text));
      while (await write(response, CHUNK)) await yieldToOthers();
      return;
    case 'dripping-body':
      response.writeHead(status, headers);
      response.write(half(text));
      while (await write(response, ' ')) await sleep(DRIP_MS);
      return;
    default:
      deliver(delivery);
  }
}

export function htmlPage(status: number): string {
  const title = status < 400 ? 'Please wait' : `${status} Error`;
  return `<!DOCTYPE html>\n<html><head><title>${title}</title></head><body><h1>${title}</h1></body></html>\n`;
}

function half(text: string): string {
  return text.slice(0, Math.ceil(text.length / 2));
}

/** False once the other side is gone. */
async function write(response: ServerResponse, chunk: string | Buffer): Promise<boolean> {
  if (response.destroyed || response.socket?.destroyed !== false) return false;
  if (!response.write(chunk)) await Promise.race([once(response, 'drain'), once(response, 'close')]);
  return !response.destroyed;
}

function yieldToOthers(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
