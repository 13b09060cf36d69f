import { judge } from './answer.ts';
import type { Endpoint } from './endpoints.ts';
import { StudioError } from './errors.ts';
import type { Parser } from './parse.ts';
import { isRetryable, MAX_TRIES, retryDelayMs } from './retry.ts';
import type { Transport, TransportResult } from './transport.ts';
import type { Attempt, CallOptions, CredentialSource, Credentials } from './types.ts';
import { VERSION } from './version.ts';

/** What every call of one client shares. */
export type Wiring = {
  /** Path of the base URL and version, without a slash at the end: `/v2`. */
  basePath: string;
  credentials: CredentialSource;
  transport: Transport;
  /** Epoch milliseconds. */
  now: () => number;
  /** Rejects when the signal ends it. */
  sleep: (ms: number, signal?: AbortSignal) => Promise<void>;
  random: () => number;
  timeoutMs: number;
  onAttempt: ((attempt: Attempt) => void) | undefined;
};

export type Call<T> = {
  endpoint: Endpoint;
  /** Below the base path, with checked parts. */
  path: string;
  /** With its question mark, or empty. */
  query?: string;
  form?: Record<string, string | readonly string[] | undefined>;
  parse: Parser<T>;
};

/** The longest that one try may take, so that a hanging connection leaves time for another one. */
const ATTEMPT_TIMEOUT_MS = 10_000;

/**
 * One call with its repetitions. Throws a StudioError; also whatever the credential source throws, and
 * bugs, as they are. Never outlives `timeoutMs` nor the signal, waiting included: where the next wait would
 * not fit in, the last failure is thrown at once.
 */
export async function request<T>(wiring: Wiring, call: Call<T>, options: CallOptions = {}): Promise<T> {
  const { operation, kind } = call.endpoint;
  const deadlineMs = wiring.now() + (options.timeoutMs ?? wiring.timeoutMs);
  let credentials = await withinCall(wiring.credentials.get());
  let refreshed = false;
  for (let attempt = 1, tries = 1; ; attempt += 1) {
    const answer = await tryOnce(wiring, call, { credentials, attempt, deadlineMs, signal: options.signal });
    if (answer.ok) return answer.value;
    const { error } = answer;
    if (error.status === 401 && !refreshed) {
      // Not processed, whatever the operation. The key may have been rotated since it was read.
      refreshed = true;
      const renewed = await withinCall(wiring.credentials.refresh());
      if (renewed.username === credentials.username && renewed.password === credentials.password) throw error;
      credentials = renewed;
      continue;
    }
    if (tries >= MAX_TRIES || !isRetryable(kind, error)) throw error;
    const delayMs = retryDelayMs(tries, error.retryAfterMs, wiring.random);
    if (wiring.now() + delayMs >= deadlineMs) throw error;
    await withinCall(wiring.sleep(delayMs, options.signal));
    tries += 1;
  }

  /** Waiting for others ends with the call, too. */
  async function withinCall<R>(promise: Promise<R>): Promise<R> {
    const { signal } = options;
    let timer: NodeJS.Timeout | undefined;
    let onAbort: (() => void) | undefined;
    const end = new Promise<never>((_, reject) => {
      const because = (kind: 'timeout' | 'aborted', message: string, cause?: unknown) =>
        reject(new StudioError(kind, message, { operation, sent: false, cause }));
      onAbort = () => because('aborted', 'The call was ended by its caller', signal?.reason);
      timer = setTimeout(() => because('timeout', 'Out of time'), Math.max(0, deadlineMs - wiring.now()));
      if (signal?.aborted) onAbort();
      signal?.addEventListener('abort', onAbort);
    });
    try {
      return await Promise.race([end, promise]);
    } catch (error) {
      // The sleep notices the signal itself, in its own words.
      if (signal?.aborted && !(error instanceof StudioError))
        throw new StudioError('aborted', 'The call was ended by its caller', { operation, cause: error });
      throw error;
    } finally {
      clearTimeout(timer);
      if (onAbort) signal?.removeEventListener('abort', onAbort);
    }
  }
}

type Try = { credentials: Credentials; attempt: number; deadlineMs: number; signal: AbortSignal | undefined };

async function tryOnce<T>(
  wiring: Wiring,
  call: Call<T>,
  { credentials, attempt, deadlineMs, signal }: Try,
): Promise<{ ok: true; value: T } | { ok: false; error: StudioError }> {
  const { operation, method, kind, maxBodyBytes } = call.endpoint;
  const startedMs = wiring.now();
  const remainingMs = deadlineMs - startedMs;
  if (remainingMs <= 0)
    return { ok: false, error: new StudioError('timeout', 'Out of time', { operation, sent: false }) };
  const result = await wiring.transport.send({
    method,
    path: `${wiring.basePath}${call.path}${call.query ?? ''}`,
    headers: headersFor(credentials, call.form !== undefined),
    body: call.form && encodeForm(call.form),
    fresh: kind === 'once',
    maxBodyBytes,
    // A create gets all the time there is: cut short it could not be repeated, its outcome would be unknown.
    timeoutMs: kind === 'once' ? remainingMs : Math.min(remainingMs, ATTEMPT_TIMEOUT_MS),
    signal,
  });
  const judged = judge(operation, result, wiring.now());
  const value = judged.ok ? call.parse(judged.body) : undefined;
  const error = judged.ok ? undefined : judged.error;
  const outcome =
    value === undefined
      ? ({ ok: false, error: error ?? unreadable(operation, result) } as const)
      : ({ ok: true, value } as const);
  wiring.onAttempt?.({
    operation,
    method,
    status: result.status,
    durationMs: wiring.now() - startedMs,
    attempt,
    requestId: result.header('twilio-request-id'),
    concurrentRequests: numberOf(result.header('twilio-concurrent-requests')),
    errorKind: outcome.ok ? undefined : outcome.error.kind,
  });
  return outcome;
}

function unreadable(operation: string, result: TransportResult): StudioError {
  const status = result.status === undefined ? {} : { status: result.status };
  return new StudioError('nonsense', 'The answer is not what Studio answers here', {
    operation,
    sent: true,
    ...status,
  });
}

function headersFor({ username, password }: Credentials, hasForm: boolean): Record<string, string> {
  return {
    authorization: `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`,
    accept: 'application/json',
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
