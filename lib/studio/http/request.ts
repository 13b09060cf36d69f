import type { Endpoint } from '../endpoints.ts';
import { StudioError } from '../errors.ts';
import { parseFreeForm } from '../json/json.ts';
import { parseAroundContexts } from '../json/json-text.ts';
import type { RequestOutcome } from '../limiter/adaptive-limit.ts';
import type { Attempt, CallOptions, CredentialSource, Credentials } from '../types.ts';
import { type CallResult, type Mismatch, parseResponse } from './response.ts';
import { isRetryable, MAX_TRIES, mayHaveTakenEffect, retryDelayMs } from './retry.ts';
import type { Transport } from './transport.ts';

/** What every call of one client shares. */
export type Wiring = {
  /** Of the base URL, such as https://studio.twilio.com. */
  origin: string;
  /** Path of the base URL and version, without a slash at the end: `/v2`. */
  basePath: string;
  credentials: CredentialSource;
  transport: Transport;
  /** Epoch milliseconds. */
  now: () => number;
  sleep: (ms: number, signal?: AbortSignal) => Promise<void>;
  random: () => number;
  timeoutMs: number;
  onAttempt: ((attempt: Attempt) => void) | undefined;
};

/** Reads an answer to a request made with this account's credentials. */
export type ParserFor<T> = (body: unknown, accountSid: string) => T | Mismatch;

export type Call<T> = {
  endpoint: Endpoint;
  /** Below the base path, with checked parts. */
  path: string;
  /** With its question mark, or empty. */
  query?: string;
  form?: Form | undefined;
  parse: ParserFor<T>;
  /** Called with the length of a success's body. */
  onBody?: (bytes: number) => void;
};

export type Form = Record<string, string | readonly string[] | undefined>;

/** Sent as the User-Agent. A test holds it equal to package.json. */
const VERSION = '0.1.0';
/** Maximum delay of a Node timer: 24 days. */
const MAX_TIMEOUT_MS = 2 ** 31 - 1;
/**
 * Time for one try, so that a hanging connection leaves time for another: at first a third of the call's
 * time, then twice as much each time, for a slow Studio.
 */
const FIRST_TRY_SHARE = 1 / 3;
const MIN_TRY_MS = 2_000;
const MAX_TRY_MS = 10_000;

/**
 * Makes one call with its retries, within its time. Throws a StudioError, and what the credential source
 * throws. Throws the last failure at once if the next wait would not fit into the time.
 */
export async function request<T>(wiring: Wiring, call: Call<T>, options: CallOptions = {}): Promise<T> {
  const time = startTime(wiring, call.endpoint.operation, options);
  try {
    return await repeat(wiring, call, options, time);
  } finally {
    time.stop();
  }
}

type Time = ReturnType<typeof startTime>;

/**
 * The time of a call. Its signal ends everything that the call waits for, with the error to throw as reason.
 */
function startTime({ now, timeoutMs: byDefault }: Wiring, operation: string, options: CallOptions) {
  const timeoutMs = Math.min(options.timeoutMs ?? byDefault, MAX_TIMEOUT_MS);
  const ended = new AbortController();
  const whenEnded = Promise.withResolvers<never>();
  whenEnded.promise.catch(() => undefined);
  const end = (error: StudioError) => {
    whenEnded.reject(error);
    ended.abort(error);
  };
  const onAbort = () => {
    const cause = options.signal?.reason;
    end(new StudioError('aborted', 'The call was ended by its caller', { operation, cause }));
  };
  const onTimeout = () =>
    end(new StudioError('timeout', 'No answer in the time for the call', { operation }));
  let deadlineMs = now() + timeoutMs;
  let timer = setTimeout(onTimeout, timeoutMs);
  options.signal?.addEventListener('abort', onAbort);
  if (options.signal?.aborted) onAbort();
  return {
    timeoutMs,
    signal: ended.signal,
    /** Epoch milliseconds. */
    deadlineMs: () => deadlineMs,
    /** Returns the promise's outcome, or rejects when the call ends. */
    until: <R>(promise: Promise<R>): Promise<R> => Promise.race([whenEnded.promise, promise]),
    /** The time does not run during `wait`. */
    outside: async <R>(wait: () => Promise<R>): Promise<R> => {
      const leftMs = Math.max(0, deadlineMs - now());
      clearTimeout(timer);
      const waited = await wait();
      deadlineMs = now() + leftMs;
      timer = setTimeout(onTimeout, leftMs);
      return waited;
    },
    stop: () => {
      clearTimeout(timer);
      options.signal?.removeEventListener('abort', onAbort);
    },
  };
}

async function repeat<T>(wiring: Wiring, call: Call<T>, options: CallOptions, time: Time): Promise<T> {
  const { limiter, maxTries = MAX_TRIES } = options;
  let credentials = await time.until(wiring.credentials.get());
  let isRefreshed = false;
  let afterLostResponse = false;
  for (let attempt = 1, tries = 1; ; attempt += 1) {
    // A queue is no sign of trouble, so waiting in it does not count.
    const release = limiter && (await time.outside(() => limiter.acquire(time.signal)));
    let outcome: RequestOutcome = 'other';
    let result: CallResult<T>;
    try {
      result = await tryOnce(wiring, call, options, time, { credentials, attempt, tries, afterLostResponse });
      outcome = outcomeOf(result);
    } finally {
      release?.(outcome);
    }
    if ('value' in result) return result.value;
    const { error } = result;
    if (error.status === 401 && !isRefreshed) {
      // Not processed, whatever the operation. The key may have been rotated since it was read.
      isRefreshed = true;
      const renewed = await time.until(wiring.credentials.refresh());
      if (renewed.username === credentials.username && renewed.password === credentials.password) throw error;
      credentials = renewed;
      continue;
    }
    const isLast = time.signal.aborted || tries >= maxTries;
    if (isLast || !isRetryable(call.endpoint.kind, error)) throw error;
    const delayMs = retryDelayMs(attempt, error.retryAfterMs, wiring.random);
    if (wiring.now() + delayMs >= time.deadlineMs()) throw error;
    afterLostResponse ||= mayHaveTakenEffect(error);
    await time.until(wiring.sleep(delayMs, time.signal));
    // A limiter finds the limit by 429s, so they must not use up a call's tries.
    if (!(limiter && error.kind === 'throttled')) tries += 1;
  }
}

/** The outcome for the limiter. A 404 or 409 is a success, because Studio accepted the request. */
function outcomeOf(result: CallResult<unknown>): RequestOutcome {
  if ('value' in result) return 'success';
  const { kind, status = 0 } = result.error;
  if (kind === 'throttled') return 'throttled';
  return status >= 400 && kind !== 'unavailable' ? 'success' : 'other';
}

type Try = { credentials: Credentials; attempt: number; tries: number; afterLostResponse: boolean };

async function tryOnce<T>(
  wiring: Wiring,
  { endpoint, path, query = '', form, parse, onBody }: Call<T>,
  { maxBodyBytes = endpoint.maxBodyBytes, contextAsText }: CallOptions,
  time: Time,
  { credentials, attempt, tries, afterLostResponse }: Try,
): Promise<CallResult<T>> {
  const { operation, method, kind, freeForm } = endpoint;
  const startedMs = wiring.now();
  const deadlineMs = time.deadlineMs();
  const share = time.timeoutMs * FIRST_TRY_SHARE * 2 ** (tries - 1);
  const result = await wiring.transport.send({
    method,
    path: `${wiring.basePath}${path}${query}`,
    headers: headersFor(credentials, form),
    body: form && encodeForm(form),
    fresh: kind === 'non-idempotent',
    maxBodyBytes: Math.min(maxBodyBytes, endpoint.maxBodyBytes),
    // A create has the call's time only: cut short, it could not be repeated.
    timeoutMs: kind === 'non-idempotent' ? undefined : Math.min(MAX_TRY_MS, Math.max(MIN_TRY_MS, share)),
    signal: time.signal,
    mayLeave: () => wiring.now() < deadlineMs,
  });
  if (result.ok && result.status < 300) onBody?.(result.body.length);
  const parsed = parseResponse({ operation, afterLostResponse }, result, wiring.now(), {
    readJson: contextAsText ? parseAroundContexts : freeForm ? parseFreeForm : JSON.parse,
    parse: (body) => parse(body, credentials.accountSid),
  });
  wiring.onAttempt?.({
    operation,
    method,
    status: result.status,
    durationMs: wiring.now() - startedMs,
    attempt,
    requestId: result.header('twilio-request-id'),
    concurrentRequests: numberOf(result.header('twilio-concurrent-requests')),
    errorKind: 'error' in parsed ? parsed.error.kind : undefined,
  });
  return parsed;
}

function headersFor({ username, password }: Credentials, form: Form | undefined): Record<string, string> {
  return {
    authorization: `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`,
    accept: 'application/json',
    // Otherwise a proxy may compress the response, which is not decompressed here.
    'accept-encoding': 'identity',
    'user-agent': `studio-executions/${VERSION}`,
    ...(form ? { 'content-type': 'application/x-www-form-urlencoded' } : {}),
  };
}

export function encodeForm(form: Form): string {
  const encoded = new URLSearchParams();
  for (const [name, value] of Object.entries(form))
    for (const one of value === undefined ? [] : [value].flat()) encoded.append(name, one);
  return encoded.toString();
}

function numberOf(value: string | undefined): number | undefined {
  return value !== undefined && /^\d{1,9}$/.test(value.trim()) ? Number(value) : undefined;
}
