import { onTestFinished } from 'vitest';
import type { SimulatedStudio, SimulatedStudioOptions } from '../../../infra/simulator/options.ts';
import { startSimulatedStudio } from '../../../infra/simulator/server.ts';
import { type Config, type ConfigInput, checkConfig, type Scope } from '../../../lib/config/configuration.ts';
import { readSecret, type Secret } from '../../../lib/config/secret.ts';
import { deleteExecution } from '../../../lib/http/handlers/delete-execution.ts';
import { endExecution } from '../../../lib/http/handlers/end-execution.ts';
import { type ReadRuntime, readHandlers } from '../../../lib/http/handlers/read-handlers.ts';
import type { Handlers, ServeRuntime } from '../../../lib/http/request.ts';
import { serve } from '../../../lib/http/serve.ts';
import { createStudio } from '../../../lib/studio/client.ts';
import { createLog, noteAttempt } from '../../../lib/telemetry/log.ts';
import { type EventOptions, eventOf } from './events.ts';

export const WELCOME = `FW${'a'.repeat(32)}`;
export const SURVEY = `FW${'b'.repeat(32)}`;
export const NOW = Date.parse('2026-11-22T10:00:00Z');
export const PUBLIC_URL = 'https://api.example.com';

export const admin = { authorization: 'Bearer admin-token' };
export const reader = { authorization: 'Bearer reader-token' };
export const surveyor = { authorization: 'Bearer survey-token' };
export const WEBHOOK_SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';

export const secretInput = {
  accountSid: `AC${'a'.repeat(32)}`,
  apiKeySid: `SK${'a'.repeat(32)}`,
  apiKeySecret: 'local',
  authToken: '12345',
  callers: [
    { name: 'admin', token: 'admin-token', scopes: ['trigger', 'read', 'read:personal', 'end', 'purge'] },
    { name: 'reader', token: 'reader-token', scopes: ['read'] },
    { name: 'surveyor', token: 'survey-token', scopes: ['trigger', 'read', 'end'], flows: ['survey'] },
  ],
  webhooks: [{ name: 'crm', secret: WEBHOOK_SECRET, scopes: ['trigger'] }],
};

export const configInput: ConfigInput = {
  flows: [
    { alias: 'welcome', sid: WELCOME, from: '+15017122661' },
    { alias: 'survey', sid: SURVEY },
  ],
  publicUrl: PUBLIC_URL,
  twilioWebhooks: { scopes: ['trigger'] },
};

/** The secret's source with a hand on it: `stored` is what Secrets Manager holds. */
export function secretSource(input: unknown = secretInput) {
  const source = {
    stored: input,
    refreshes: 0,
    cached: readSecret(JSON.stringify(input)) as Secret,
    get: async () => source.cached,
    refresh: async () => {
      source.refreshes++;
      source.cached = readSecret(JSON.stringify(source.stored));
      return source.cached;
    },
  };
  return source;
}

export type Reply = {
  status: number;
  headers: Record<string, string>;
  // The tests reach into answers of every shape.
  // biome-ignore lint/suspicious/noExplicitAny: what is expected of it is said by each test
  body: any;
  text: string;
};

type CallOptions = EventOptions & { remainingMs?: number; json?: unknown };

/** `serve` with a clock and a log in the hand; nothing behind it but these handlers. */
export function apiOver(handlers: Handlers, runtime: Partial<ServeRuntime> = {}) {
  const written: string[] = [];
  const clock = { nowMs: NOW };
  const now = () => clock.nowMs;
  const full: ServeRuntime = {
    config: checkConfig(configInput),
    secret: secretSource(),
    environment: { iamScopes: null },
    now,
    log: createLog({ now, write: (line) => written.push(line), functionName: 'test' }),
    ...runtime,
  };
  const handler = serve(full, handlers);
  const call = async (target: string, { json, remainingMs = 29_000, ...options }: CallOptions = {}) => {
    const withBody =
      json === undefined
        ? options
        : {
            ...options,
            body: JSON.stringify(json),
            headers: { 'content-type': 'application/json', ...options.headers },
          };
    const result = await handler(eventOf(target, withBody), {
      awsRequestId: 'lambda-1',
      getRemainingTimeInMillis: () => remainingMs,
    });
    const reply: Reply = {
      status: result.statusCode,
      headers: result.headers,
      text: result.body,
      body: result.body === '' ? undefined : JSON.parse(result.body),
    };
    return reply;
  };
  const lines = () => written.map((line) => JSON.parse(line));
  return { call, clock, handler, lines, written, runtime: full };
}

/** The query, end and delete handlers over a simulated Studio; closed when the test ends. */
export async function startApi(
  options: SimulatedStudioOptions & { iamScopes?: Scope[]; config?: Config } = {},
) {
  const studioServer: SimulatedStudio = await startSimulatedStudio({
    now: () => NOW,
    flows: [{ sid: WELCOME, friendlyName: 'Welcome' }, { sid: SURVEY }],
    ...options,
  });
  const studio = createStudio({
    accountSid: secretInput.accountSid,
    username: secretInput.apiKeySid,
    password: secretInput.apiKeySecret,
    baseUrl: studioServer.url,
    onAttempt: noteAttempt,
    sleep: async () => {},
  });
  onTestFinished(async () => {
    await studio.close();
    await studioServer.close();
  });
  const secret = secretSource();
  const config = options.config ?? checkConfig(configInput);
  const runtime = { config, secret, studio, now: () => NOW };
  return { ...apiOver(studioHandlers(runtime), { config, secret }), studio: studioServer, secret };
}

/** As the functions have them. */
export function studioHandlers(runtime: ReadRuntime): Handlers {
  return {
    ...readHandlers(runtime),
    'POST /flows/{flow}/executions/{execution}/end': (request) => endExecution(runtime, request),
    'DELETE /flows/{flow}/executions/{execution}': (request) => deleteExecution(runtime, request),
  };
}
