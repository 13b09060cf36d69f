import { afterAll } from 'vitest';
import { type Local, type LocalOptions, startLocal } from '../../../infra/local/local.ts';
import type { SimulatedStudio } from '../../../infra/simulator/options.ts';
import { type ConfigInput, checkConfig } from '../../../lib/config/configuration.ts';
import { judgeExchange } from '../../judges/openapi.ts';

/** The local run around the built bundles, and a caller of its API. */

export const WELCOME = `FW${'1'.repeat(32)}`;
export const SUPPORT = `FW${'2'.repeat(32)}`;
export const DAY_MS = 86_400_000;

export const configInput: ConfigInput = {
  flows: [
    { alias: 'welcome', sid: WELCOME, from: '+12025550100' },
    { alias: 'support', sid: SUPPORT, from: '+12025550101' },
  ],
  policies: [{ name: 'weekly', olderThan: 'P7D' }],
};

export type World = {
  local: Local;
  studio: SimulatedStudio;
  call: Call;
  /** What the upstream's judge found wrong with the requests that were sent to it. */
  mistakes: string[];
  logs: string[];
};

/** What an answer says, parsed; `body` is null when there is none. */
// biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape.
export type Answer = { status: number; headers: Headers; body: any };
export type Call = (method: string, path: string, options?: CallOptions) => Promise<Answer>;
export type CallOptions = {
  token?: string | null;
  /** A string goes as it is, form parameters as a form, anything else as JSON. */
  body?: unknown;
  headers?: Record<string, string>;
};

export type WorldOptions = Partial<LocalOptions> & { configInput?: ConfigInput };

export async function startWorld(options: WorldOptions = {}): Promise<World> {
  const mistakes: string[] = [];
  const logs: string[] = [];
  const local = await startLocal({
    config: checkConfig(options.configInput ?? configInput),
    onLog: ({ line }) => logs.push(line),
    ...options,
    simulated: {
      onExchange: (exchange) => mistakes.push(...judgeExchange(exchange)),
      // Studio's 20 a second would make these tests wait for each other.
      behaviour: { createsPerSecond: null },
      ...options.simulated,
    },
  });
  if (!local.studio) throw new Error('These tests run against the simulated Studio');
  return { local, studio: local.studio, call: callerOf(local.url), mistakes, logs };
}

/** The same for all tests of a file; closed after the last one. */
export async function worldOfFile(options?: WorldOptions): Promise<World> {
  const world = await startWorld(options);
  afterAll(() => world.local.close());
  return world;
}

export function callerOf(url: string): Call {
  return async (method, path, { token = 'local-admin', body, headers = {} } = {}) => {
    const json = body !== undefined && typeof body !== 'string' && !(body instanceof URLSearchParams);
    const response = await fetch(`${url}${path}`, {
      method,
      headers: {
        ...(token !== null && { authorization: `Bearer ${token}` }),
        ...(json && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body: json ? JSON.stringify(body) : body }),
    } as RequestInit);
    const text = await response.text();
    return {
      status: response.status,
      headers: response.headers,
      body: text === '' ? null : JSON.parse(text),
    };
  };
}

/** Until `done` says so, or `patienceMs` are over. */
export async function until<T>(
  look: () => Promise<T>,
  done: (seen: T) => boolean,
  patienceMs = 30_000,
): Promise<T> {
  const endMs = Date.now() + patienceMs;
  for (;;) {
    const seen = await look();
    if (done(seen)) return seen;
    if (Date.now() > endMs) throw new Error(`It never came: ${JSON.stringify(seen)}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

export async function finished(call: Call, purgeId: string): Promise<Answer['body']> {
  const { body } = await until(
    () => call('GET', `/purges/${purgeId}`),
    ({ body: purge }) => purge.status !== 'running',
  );
  return body;
}
