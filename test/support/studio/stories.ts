import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import { onTestFinished } from 'vitest';
import { createStudio, type Studio, type StudioOptions } from '../../../lib/studio/client.ts';
import { StudioError } from '../../../lib/studio/errors.ts';
import type { Attempt } from '../../../lib/studio/types.ts';

/** Real local servers that answer by a story, one entry a request: `['throttled', 'success']`. */

export const FLOW = `FW${'1'.repeat(32)}`;
export const EXECUTION = `FN${'2'.repeat(32)}`;
export const STEP = `FT${'3'.repeat(32)}`;
export const ACCOUNT = {
  accountSid: `AC${'a'.repeat(32)}`,
  username: `SK${'a'.repeat(32)}`,
  password: 'local',
};

export type Seen = { method: string; url: string; headers: IncomingHttpHeaders; body: string; port: number };

export type Reply =
  | { status: number; body?: unknown; headers?: Record<string, string> }
  /** Whatever a test wants to do with the response: cut it, drip it, leave it open. */
  | ((response: ServerResponse, seen: Seen) => void);

export type Teller = (seen: Seen, index: number) => Reply;

async function startServer(teller: Teller | readonly Reply[]) {
  const requests: Seen[] = [];
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    const seen = {
      method: request.method ?? '',
      url: request.url ?? '',
      headers: request.headers,
      body,
      port: request.socket.remotePort ?? 0,
    };
    requests.push(seen);
    const reply =
      typeof teller === 'function' ? teller(seen, requests.length - 1) : teller[requests.length - 1];
    if (reply === undefined) return void response.writeHead(599).end('the story is over');
    if (typeof reply === 'function') return reply(response, seen);
    const isJson = typeof reply.body === 'object';
    response
      .writeHead(reply.status, {
        'content-type': isJson ? 'application/json' : 'text/html',
        ...reply.headers,
      })
      .end(isJson ? JSON.stringify(reply.body) : reply.body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    url: `http://127.0.0.1:${address.port}`,
    port: address.port,
    requests,
    server,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

export type Story = Awaited<ReturnType<typeof startServer>> & {
  studio: Studio;
  /** The waits that were asked for, in milliseconds. None of them was waited for. */
  waits: number[];
  attempts: Attempt[];
  clock: { nowMs: number };
};

/** A client before such a server; its clock stands still but for the waits, which take no time. */
async function tell(teller: Teller | readonly Reply[], options: Partial<StudioOptions> = {}): Promise<Story> {
  const server = await startServer(teller);
  const waits: number[] = [];
  const attempts: Attempt[] = [];
  const clock = { nowMs: Date.parse('2026-11-01T12:00:00Z') };
  const studio = createStudio({
    ...ACCOUNT,
    baseUrl: server.url,
    now: () => clock.nowMs,
    sleep: async (ms) => {
      waits.push(ms);
      clock.nowMs += ms;
    },
    random: () => 0.5,
    onAttempt: (attempt) => attempts.push(attempt),
    ...options,
  });
  const close = async () => {
    await studio.close();
    await server.close();
  };
  return { ...server, studio, waits, attempts, clock, close };
}

/** The same, closed when the test is over. */
export async function story(
  teller: Teller | readonly Reply[],
  options?: Partial<StudioOptions>,
): Promise<Story> {
  const one = await tell(teller, options);
  onTestFinished(one.close);
  return one;
}

export function execution(sid = EXECUTION, fields: Record<string, unknown> = {}) {
  return {
    sid,
    account_sid: ACCOUNT.accountSid,
    flow_sid: FLOW,
    contact_channel_address: '+15550000001',
    contact_sid: `FC${'4'.repeat(32)}`,
    flow_version: 3,
    context: null,
    status: 'active',
    date_created: '2026-11-01T11:00:00Z',
    date_updated: null,
    initiated_by: null,
    url: `https://studio.twilio.com/v2/Flows/${FLOW}/Executions/${sid}`,
    links: {},
    ...fields,
  };
}

/** The n-th of as many execution SIDs as wanted. */
export function sidOf(index: number, prefix = 'FN'): string {
  return `${prefix}${index.toString(16).padStart(32, '0')}`;
}

export const throttled = { status: 429, body: { code: 20429, message: 'Too Many Requests', status: 429 } };
export const unavailable = {
  status: 503,
  body: { code: 20503, message: 'Service Unavailable', status: 503 },
};
export const success = { status: 200, body: execution() };
export const created = { status: 201, body: execution() };
/** The request came in whole, and then the line was cut. */
export const cut: Reply = (response) => response.destroy();

/** The StudioError that a call ends in. */
export async function failureOf(promise: Promise<unknown>): Promise<StudioError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof StudioError))
    throw new Error('this should have been a StudioError', { cause: error });
  return error;
}

export async function collect<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const all: Item[] = [];
  for await (const item of items) all.push(item);
  return all;
}
