import type { Endpoint } from '../endpoints.ts';
import { StudioError } from '../errors.ts';
import { parseFreeForm } from '../json/json.ts';
import { parseAroundContexts } from '../json/json-text.ts';
import type { Went } from '../limiter/governor.ts';
import type { Attempt, CallOptions, CredentialSource, Credentials } from '../types.ts';
import { type Answer, judge, type Parsed } from './answer.ts';
import { isRetryable, MAX_TRIES, mayHaveHappened, retryDelayMs } from './retry.ts';
import type { Transport } from './transport.ts';
import { VERSION } from './version.ts';

/** What every call of one client shares. */
export type Wiring = {
  /** Path of the base URL and version, without a slash at the end: `/v2`. */
  basePath: string;
  credentials: CredentialSource;
  authorize: (credentials: Credentials) => string;
  transport: Transport;
  /** Epoch milliseconds. */
  now: () => number;
  sleep: (ms: number, signal?: AbortSignal) => Promise<void>;
  random: () => number;
  timeoutMs: number;
  onAttempt: ((attempt: Attempt) => void) | undefined;
};

/** Reads an answer to a request made with this account's credentials. */
export type ParserFor<T> = (body: unknown, accountSid: string) => Parsed<T>;

export type Call<T> = {
  endpoint: Endpoint;
  /** Below the base path, with checked parts. */
  path: string;
  /** With its question mark, or empty. */
  query?: string;
  form?: Record<string, string | readonly string[] | undefined>;
  parse: ParserFor<T>;
  /** Sees a success's body before it is parsed, which takes its time. */
  peek?: (body: Buffer) => void;
};

/** What a timer can hold: 24 days. */
const MAX_TIMEOUT_MS = 2 ** 31 - 1;
/**
 * How long one try may take, so that a hanging connection leaves time for another one: a third of the call's
 * time at first, then twice as much each time, for a Studio that is slow.
 */
const FIRST_TRY_SHARE = 1 / 3;
const SHORTEST_TRY_MS = 2_000;
const LONGEST_TRY_MS = 10_000;

/**
 * One call with its repetitions. Throws a StudioError; also whatever the credential source throws, and
 * bugs, as they are. Never outlives `timeoutMs` nor the signal, waiting included: where the next wait would
 * not fit in, the last failure is thrown at once. Only while it waits for a limiter's turn its time stands
 * still: a queue is no sign of trouble.
 */
export async function request<T>(wiring: Wiring, call: Call<T>, options: CallOptions = {}): Promise<T> {
  const { operation } = call.endpoint;
  // One signal for everything that is waited for; its reason is the error to throw.
  const ended = new AbortController();
  const end = () =>
    ended.abort(
      new StudioError('aborted', 'The call was ended by its caller', {
        operation,
        cause: options.signal?.reason,
      }),
    );
  const timeoutMs = Math.min(options.timeoutMs ?? wiring.timeoutMs, MAX_TIMEOUT_MS);
  const clock = startClock(wiring.now, timeoutMs, () =>
    ended.abort(new StudioError('timeout', 'No answer in the time for the call', { operation })),
  );
  options.signal?.addEventListener('abort', end);
  try {
    if (options.signal?.aborted) end();
    return await repeat(wiring, call, options, clock, ended.signal);
  } finally {
    clock.stop();
    options.signal?.removeEventListener('abort', end);
  }
}

type Clock = ReturnType<typeof startClock>;

/** The time for a call. */
function startClock(now: () => number, timeoutMs: number, onTimeout: () => void) {
  let deadlineMs = now() + timeoutMs;
  let timer = setTimeout(onTimeout, timeoutMs);
  return {
    timeoutMs,
    /** Epoch milliseconds. */
    deadlineMs: () => deadlineMs,
    stop: () => clearTimeout(timer),
    /** Stands still meanwhile. */
    during: async <R>(wait: () => Promise<R>): Promise<R> => {
      const leftMs = Math.max(0, deadlineMs - now());
      clearTimeout(timer);
      try {
        return await wait();
      } finally {
        deadlineMs = now() + leftMs;
        timer = setTimeout(onTimeout, leftMs);
      }
    },
  };
}

async function repeat<T>(
  wiring: Wiring,
  call: Call<T>,
  {
    limiter,
    maxTries = MAX_TRIES,
    maxBodyBytes = call.endpoint.maxBodyBytes,
    contextAsText = false,
  }: CallOptions,
  clock: Clock,
  signal: AbortSignal,
): Promise<T> {
  let credentials = await until(signal, wiring.credentials.get());
  let refreshed = false;
  let afterUnclear = false;
  for (let attempt = 1, tries = 1; ; attempt += 1) {
    const giveBack = limiter && (await clock.during(() => limiter.acquire(signal)));
    const deadlineMs = clock.deadlineMs();
    const timeoutMs = tryTimeoutMs(clock.timeoutMs, tries);
    let went: Went = 'other';
    let answer: Answer<T>;
    try {
      answer = await tryOnce(wiring, call, {
        credentials,
        attempt,
        afterUnclear,
        timeoutMs,
        deadlineMs,
        maxBodyBytes: Math.min(maxBodyBytes, call.endpoint.maxBodyBytes),
        readText: contextAsText ? parseAroundContexts : call.endpoint.freeForm ? parseFreeForm : JSON.parse,
        signal,
      });
      went = wentHow(answer);
    } finally {
      giveBack?.(went);
    }
    if (answer.ok) return answer.value;
    const { error } = answer;
    if (error.status === 401 && !refreshed) {
      // Not processed, whatever the operation. The key may have been rotated since it was read.
      refreshed = true;
      const renewed = await until(signal, wiring.credentials.refresh());
      if (renewed.username === credentials.username && renewed.password === credentials.password) throw error;
      credentials = renewed;
      continue;
    }
    if (signal.aborted || tries >= maxTries || !isRetryable(call.endpoint.kind, error)) throw error;
    const delayMs = retryDelayMs(attempt, error.retryAfterMs, wiring.random);
    if (wiring.now() + delayMs >= deadlineMs) throw error;
    afterUnclear ||= mayHaveHappened(error);
    await until(signal, wiring.sleep(delayMs, signal));
    // Under a limiter 429s are the rule: it finds the limit by them, so they must not use up a call's tries.
    if (!(limiter && error.kind === 'throttled')) tries += 1;
  }
}

function tryTimeoutMs(callTimeoutMs: number, tries: number): number {
  const share = callTimeoutMs * FIRST_TRY_SHARE * 2 ** (tries - 1);
  return Math.min(LONGEST_TRY_MS, Math.max(SHORTEST_TRY_MS, share));
}

/** To a limiter a 404 or 409 is a success: it was let in. */
function wentHow(answer: Answer<unknown>): Went {
  if (answer.ok) return 'success';
  const { kind, status } = answer.error;
  if (kind === 'throttled') return 'throttled';
  return status !== undefined && status >= 400 && kind !== 'unavailable' ? 'success' : 'other';
}

type Try = {
  credentials: Credentials;
  attempt: number;
  afterUnclear: boolean;
  timeoutMs: number;
  deadlineMs: number;
  maxBodyBytes: number;
  readText: (json: string) => unknown;
  signal: AbortSignal;
};

async function tryOnce<T>(
  wiring: Wiring,
  call: Call<T>,
  { credentials, attempt, afterUnclear, timeoutMs, deadlineMs, maxBodyBytes, readText, signal }: Try,
): Promise<Answer<T>> {
  const { operation, method, kind } = call.endpoint;
  const startedMs = wiring.now();
  const result = await wiring.transport.send({
    method,
    path: `${wiring.basePath}${call.path}${call.query ?? ''}`,
    headers: headersFor(wiring.authorize(credentials), call.form !== undefined),
    body: call.form && encodeForm(call.form),
    fresh: kind === 'once',
    maxBodyBytes,
    // The signal ends the call as a whole. A create has no other bound: cut short it could not be repeated.
    timeoutMs: kind === 'once' ? undefined : timeoutMs,
    signal,
    mayLeave: () => wiring.now() < deadlineMs,
  });
  if (result.ok && result.status < 300) call.peek?.(result.body);
  const parse = (body: unknown) => call.parse(body, credentials.accountSid);
  const answer = judge({ operation, afterUnclear }, result, parse, wiring.now(), readText);
  wiring.onAttempt?.({
    operation,
    method,
    status: result.status,
    durationMs: wiring.now() - startedMs,
    attempt,
    requestId: result.header('twilio-request-id'),
    concurrentRequests: numberOf(result.header('twilio-concurrent-requests')),
    errorKind: answer.ok ? undefined : answer.error.kind,
  });
  return answer;
}

/** The promise's outcome, or the signal's reason if that comes first. */
function until<T>(signal: AbortSignal, promise: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason);
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort);
    promise.then(
      (value) => {
        signal.removeEventListener('abort', onAbort);
        resolve(value);
      },
      (error) => {
        signal.removeEventListener('abort', onAbort);
        // A sleep notices the signal as well, and says so in its own words.
        reject(signal.aborted ? signal.reason : error);
      },
    );
  });
}

function headersFor(authorization: string, hasForm: boolean): Record<string, string> {
  return {
    authorization,
    accept: 'application/json',
    // Unasked, a proxy may choose any; nothing here unpacks an answer.
    'accept-encoding': 'identity',
    'user-agent': `studio-executions/${VERSION}`,
    ...(hasForm ? { 'content-type': 'application/x-www-form-urlencoded' } : {}),
  };
}

function encodeForm(form: NonNullable<Call<unknown>['form']>): string {
  const encoded = new URLSearchParams();
  for (const [name, value] of Object.entries(form))
    for (const one of value === undefined ? [] : [value].flat()) encoded.append(name, one);
  return encoded.toString();
}

function numberOf(value: string | undefined): number | undefined {
  return value !== undefined && /^\d{1,9}$/.test(value.trim()) ? Number(value) : undefined;
}
