import * as v from 'valibot';
import { UsageError } from './arguments.ts';
import type { Io } from './io.ts';
import { isLocal, type Target } from './target.ts';
import { Failed } from './tool.ts';

/** The command line's client of the HTTP API. */

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

/** An error response: a problem (RFC 9457), or the response of a proxy in between. */
export class ApiProblem extends Error {
  override readonly name = 'ApiProblem';
  readonly status: number;
  /** `invalid-request` of `/problems/invalid-request`; empty if the response is not the API's own. */
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

/** The request got no response. */
export class ApiUnreachable extends Error {
  override readonly name = 'ApiUnreachable';
  /** What the user must correct; null if the failure may be transient. */
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
      // A redirect could send the token to another host.
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

/** Returns whether the failure may be transient. */
export function isPassing(error: unknown): boolean {
  if (error instanceof ApiUnreachable) return true;
  if (!(error instanceof ApiProblem)) return false;
  return error.status === 429 || error.status >= 500 || error.slug === 'request-in-progress';
}

/** Returns the wait after the nth consecutive failure: the server's `Retry-After`, else a doubling wait. */
export function pauseMs(tried: number, error: unknown): number {
  const asked = error instanceof ApiProblem ? error.retryAfterMs : undefined;
  return Math.min(asked ?? FIRST_PAUSE_MS * 2 ** (tried - 1), LONGEST_PAUSE_MS);
}

function retryAfterMs(headers: Headers): number | undefined {
  const header = headers.get('retry-after') ?? '';
  return /^\d{1,6}$/.test(header) ? Number(header) * 1_000 : undefined;
}

/** Returns the cause of "fetch failed", such as ECONNREFUSED. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  if (error.name === 'TimeoutError') return 'no answer in time';
  const { cause } = error;
  if (cause instanceof Error) return 'code' in cause ? String(cause.code) : cause.message;
  return error.message;
}

/** For a 403 without a problem, which comes from API Gateway itself. */
const NEEDS_SIGNATURE =
  'Where infra/config.ts sets iam, API Gateway asks for signatures of AWS, which this tool does not send.';
const OTHER_ADDRESS = 'Is this the address of the API?';
const hints: Record<string, readonly string[]> = {
  '': [OTHER_ADDRESS],
  'unknown-route': [OTHER_ADDRESS],
  unauthenticated: [
    'The API does not accept this token. It is taken from STUDIO_API_TOKEN.',
    'Create one with npm run secret -- add-caller or rotate-caller.',
  ],
  forbidden: ['The token lacks the scope or the flow that this needs.'],
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
    ...(status >= 500 && instance ? [`Its request id in the logs is ${instance}.`] : []),
  ];
  return new Failed(lines, { cause: error });
}
