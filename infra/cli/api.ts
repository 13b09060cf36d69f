import * as v from 'valibot';
import { UsageError } from './arguments.ts';
import type { Io } from './io.ts';
import { isLocal, type Target } from './target.ts';
import { Failed } from './tool.ts';

/** Calls of our own HTTP API, as a careful caller makes them. */

const TIMEOUT_MS = 35_000;
const MAX_TRIES = 5;
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 15_000;

export type Answer = { status: number; headers: Headers; body: unknown };

const problemSchema = v.object({
  type: v.string(),
  title: v.optional(v.string(), ''),
  detail: v.optional(v.string(), ''),
  instance: v.optional(v.string()),
  errors: v.optional(v.array(v.object({ detail: v.string(), pointer: v.string() })), []),
});
type Problem = v.InferOutput<typeof problemSchema>;

/** An answer that is no success: a problem (RFC 9457), or that of a proxy in between. */
export class ApiProblem extends Error {
  override readonly name = 'ApiProblem';
  readonly status: number;
  /** `invalid-request` of `/problems/invalid-request`; empty where the answer is not the API's own. */
  readonly slug: string;
  readonly errors: Problem['errors'];
  readonly instance: string | undefined;
  readonly retryAfterMs: number | undefined;

  constructor(status: number, problem: Problem | null, retryAfterMs?: number) {
    super(problem ? problem.detail || problem.title : 'The answer is not one of this API');
    this.status = status;
    this.slug = problem?.type.replace(/^.*\/problems\//, '') ?? '';
    this.errors = problem?.errors ?? [];
    this.instance = problem?.instance;
    this.retryAfterMs = retryAfterMs;
  }
}

/** No answer at all. */
export class ApiUnreachable extends Error {
  override readonly name = 'ApiUnreachable';
  /** What is wrong and stays so without a correction; null when it may pass. */
  readonly mistake: string | null;

  constructor(url: string, cause: unknown) {
    const reason = reasonOf(cause);
    super(`${url} cannot be reached: ${reason}`, { cause });
    if (reason === 'ENOTFOUND')
      this.mistake = 'There is no host of that name: is this the address of the API?';
    else this.mistake = reason === 'ECONNREFUSED' && isLocal(url) ? 'Does npm start run there?' : null;
  }
}

type CallOptions = { body?: unknown; idempotencyKey?: string; token?: null; signal?: AbortSignal };

export type Api = {
  url: string;
  /** One request, one answer. Throws ApiProblem and ApiUnreachable. */
  call(method: string, path: string, options?: CallOptions): Promise<Answer>;
  /** Retries a call that is idempotent, or has an idempotency key. */
  insist(method: string, path: string, options?: CallOptions): Promise<Answer>;
};

export function createApi({ url, token }: Target, { sleep }: Pick<Io, 'sleep'>): Api {
  const call: Api['call'] = async (method, path, { body, idempotencyKey, signal, ...options } = {}) => {
    const timeout = AbortSignal.timeout(TIMEOUT_MS);
    const request = {
      method,
      // A token must not follow a redirection to another host.
      redirect: 'manual' as const,
      signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
      headers: {
        accept: 'application/json',
        ...(options.token !== null && { authorization: `Bearer ${token}` }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...(idempotencyKey && { 'idempotency-key': idempotencyKey }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    };
    const { response, text } = await exchange(`${url}${path}`, request).catch((cause: unknown) => {
      throw new ApiUnreachable(url, cause);
    });
    const { status, headers, ok } = response;
    const read = v.safeParse(v.pipe(v.string(), v.parseJson()), text);
    if (ok && read.success) return { status, headers, body: read.output };
    const problem = v.safeParse(problemSchema, read.output);
    throw new ApiProblem(status, problem.success ? problem.output : null, retryAfterMs(headers));
  };

  return {
    url,
    call,
    async insist(method, path, options) {
      for (let tried = 1; ; tried++) {
        try {
          return await call(method, path, options);
        } catch (error) {
          if (tried === MAX_TRIES || !isPassing(error) || options?.signal?.aborted) throw error;
          if (error instanceof ApiUnreachable && error.mistake !== null) throw error;
          await sleep(pauseMs(tried, error), options?.signal);
        }
      }
    },
  };
}

async function exchange(url: string, request: RequestInit): Promise<{ response: Response; text: string }> {
  const response = await fetch(url, request);
  return { response, text: await response.text() };
}

/** Whether the same request may soon succeed. */
export function isPassing(error: unknown): boolean {
  if (error instanceof ApiUnreachable) return true;
  if (!(error instanceof ApiProblem)) return false;
  return error.status === 429 || error.status >= 500 || error.slug === 'request-in-progress';
}

/** Returns the wait after the nth failure in a row: what the server asks for, or else a doubling one. */
export function pauseMs(tried: number, error: unknown): number {
  const asked = error instanceof ApiProblem ? error.retryAfterMs : undefined;
  return Math.min(asked ?? FIRST_PAUSE_MS * 2 ** (tried - 1), LONGEST_PAUSE_MS);
}

function retryAfterMs(headers: Headers): number | undefined {
  const header = headers.get('retry-after') ?? '';
  return /^\d{1,6}$/.test(header) ? Number(header) * 1_000 : undefined;
}

/** Returns what lies beneath "fetch failed", such as ECONNREFUSED. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  if (error.name === 'TimeoutError') return 'no answer in time';
  const { cause } = error;
  if (cause instanceof Error) return 'code' in cause ? String(cause.code) : cause.message;
  return error.message;
}

/** A 403 without a problem is API Gateway's own. */
const NEEDS_SIGNATURE =
  'Where infra/config.ts sets iam, API Gateway asks for signatures of AWS, and this tool has a token only.';
const OTHER_ADDRESS = 'Is this the address of the API?';
const hints: Record<string, readonly string[]> = {
  '': [OTHER_ADDRESS],
  'unknown-route': [OTHER_ADDRESS],
  unauthenticated: [
    'This API knows no such token, or no longer: it is taken from STUDIO_API_TOKEN.',
    'npm run secret -- add-caller and rotate-caller make one.',
  ],
  forbidden: ['The token has not the scope, or not the flow, that this needs.'],
};

/**
 * Turns an error of the API into a Failed that says what to do; returns any other error as it is. With
 * `optionAt`, which names the option behind a JSON Pointer, a request with mistakes becomes a UsageError.
 */
export function explained(error: unknown, optionAt?: (pointer: string) => string): unknown {
  if (error instanceof ApiUnreachable) {
    const { message, mistake } = error;
    return new Failed(mistake === null ? [message] : [message, mistake], { cause: error });
  }
  if (!(error instanceof ApiProblem)) return error;
  const { status, slug, message, instance, errors } = error;
  if (optionAt && errors.length > 0)
    return new UsageError(errors.map(({ detail, pointer }) => `${optionAt(pointer)} ${detail}`));
  const lines = [
    `${message.replace(/\.$/, '')} (${[status, slug].filter(Boolean).join(' ')})`,
    ...errors.map(({ detail, pointer }) => `  ${pointer} ${detail}`),
    ...(status === 403 && slug === '' ? [NEEDS_SIGNATURE] : (hints[slug] ?? [])),
    ...(status >= 500 && instance ? [`The logs know it as request ${instance}.`] : []),
  ];
  return new Failed(lines, { cause: error });
}
