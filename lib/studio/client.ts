import { setTimeout as wait } from 'node:timers/promises';
import { createCalls } from './calls.ts';
import { StudioError } from './errors.ts';
import { executionsOf, stepsOf } from './executions.ts';
import { flowsOf, revisionsOf, testUsersOf } from './flows.ts';
import { createTransport, type Transport } from './http/transport.ts';
import type { Attempt, CredentialSource, Credentials, Version } from './types.ts';

export type StudioOptions = (Credentials | { credentials: CredentialSource }) & {
  /** http or https, with or without a path before `/v2`. Default: Twilio's host for the edge and region. */
  baseUrl?: string | undefined;
  /** Such as `sydney`, with a region such as `au1`: both or neither. */
  edge?: string | undefined;
  region?: string | undefined;
  /** Default v2. v1 has no conflict on create: see `executions.create`. */
  version?: Version;
  /** For a call without its own, in milliseconds. Default 20,000. */
  timeoutMs?: number;
  /** Called after each HTTP request. Must not throw. */
  onAttempt?: (attempt: Attempt) => void;
  transport?: Transport;
  now?: () => number;
  sleep?: (ms: number, signal?: AbortSignal) => Promise<void>;
  random?: () => number;
};

export type Studio = ReturnType<typeof createStudio>;

const TIMEOUT_MS = 20_000;

/**
 * Creates a client of Twilio Studio's REST API (https://www.twilio.com/docs/studio/rest-api). Its calls
 * return expected outcomes and throw a StudioError for others. Throws `invalid-argument` for wrong options.
 *
 * @example
 * const studio = createStudio({ accountSid: 'AC…', username: 'SK…', password: '…' });
 * const created = await studio.executions.create('FW…', { to: '+1…', from: '+1…' });
 * if (created.outcome === 'conflict') console.log(created.conflictingExecutionSid);
 * for await (const { sid } of studio.executions.list('FW…', { status: 'active' })) console.log(sid);
 * await studio.close();
 */
export function createStudio(options: StudioOptions) {
  const { version = 'v2', timeoutMs = TIMEOUT_MS, onAttempt, now = Date.now, random = Math.random } = options;
  const base = baseOf(options);
  const transport = options.transport ?? createTransport(base.origin);
  const calls = createCalls(
    {
      origin: base.origin,
      basePath: `${base.pathname.replace(/\/+$/, '')}/${version}`,
      credentials: sourceOf(options),
      transport,
      now,
      sleep: options.sleep ?? ((ms, signal) => wait(ms, undefined, signal ? { signal } : {})),
      random,
      timeoutMs,
      onAttempt,
    },
    version,
  );
  return {
    executions: executionsOf(calls),
    steps: stepsOf(calls),
    flows: flowsOf(calls),
    revisions: revisionsOf(calls),
    testUsers: testUsersOf(calls),
    /**
     * Opens the connection of the next create ahead of time. Call it as soon as a create is likely, such as
     * at the beginning of an invocation. Never fails, and costs nothing if no create follows.
     */
    prepare: (): void => transport.prepare(),
    /** Closes every connection; calls in flight end as `aborted`. */
    close: (): Promise<void> => transport.close(),
  };
}

function sourceOf(options: Credentials | { credentials: CredentialSource }): CredentialSource {
  if ('credentials' in options) return options.credentials;
  const fixed = async () => options;
  return { get: fixed, refresh: fixed };
}

function baseOf({ baseUrl, edge, region }: StudioOptions): URL {
  const wrong = (message: string) =>
    new StudioError('invalid-argument', message, { operation: 'createStudio' });
  if ((edge === undefined) !== (region === undefined)) throw wrong('Give edge and region, or neither');
  if ([edge, region].some((name) => name !== undefined && !/^[a-z][a-z0-9-]*$/.test(name)))
    throw wrong('Edge and region must be names such as sydney and au1');
  const host = edge === undefined ? 'studio.twilio.com' : `studio.${edge}.${region}.twilio.com`;
  const url = URL.parse(baseUrl ?? `https://${host}`);
  // Credentials in a URL would reach logs; a query would be lost.
  if (!url || !/^https?:$/.test(url.protocol) || url.username || url.password || url.search || url.hash)
    throw wrong('The base URL must be an http or https URL without credentials and query');
  return url;
}
