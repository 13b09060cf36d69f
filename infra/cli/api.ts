import * as v from 'valibot';
import type { Io } from './io.ts';
import { isLocal, type Target } from './target.ts';

/** Calls of our own HTTP API, as a careful caller makes them. */

const TIMEOUT_MS = 35_000;
/** After a lost answer or a 429 the same request is sent again, with the same Idempotency-Key. */
const TRIES = 5;
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 15_000;

export type Answer = { status: number; headers: Headers; body: unknown };

const problem = v.object({
  type: v.string(),
  title: v.optional(v.string(), ''),
  detail: v.optional(v.string(), ''),
  instance: v.optional(v.string()),
  errors: v.optional(v.array(v.object({ detail: v.string(), pointer: v.string() })), []),
});
type ProblemDocument = v.InferOutput<typeof problem>;

/** An answer that is no success: a problem (RFC 9457), or whatever stands between here and the API. */
export class ApiProblem extends Error {
  override readonly name = 'ApiProblem';
  readonly status: number;
  /** `invalid-request` of `/problems/invalid-request`; empty where the answer is not the API's own. */
  readonly slug: string;
  readonly errors: ProblemDocument['errors'];
  readonly instance: string | undefined;
  readonly retryAfterMs: number | undefined;

  constructor(status: number, document: ProblemDocument | null, retryAfterMs: number | undefined) {
    super(document ? document.detail || document.title : 'The answer is not one of this API');
    this.status = status;
    this.slug = document?.type.replace(/^.*\/problems\//, '') ?? '';
    this.errors = document?.errors ?? [];
    this.instance = document?.instance;
    this.retryAfterMs = retryAfterMs;
  }
}

/** No answer at all. */
export class ApiUnreachable extends Error {
  override readonly name = 'ApiUnreachable';
  /** What is surely wrong, and does not pass by itself; null when it may. */
  readonly mistake: string | null;

  constructor(url: string, cause: unknown) {
    const reason = reasonOf(cause);
    super(`${url} cannot be reached: ${reason}`, { cause });
    this.mistake = mistakeBehind(reason, url);
  }
}

function mistakeBehind(reason: string, url: string): string | null {
  if (reason === 'ENOTFOUND') return 'Nobody has that name: is this the address of the API?';
  return reason === 'ECONNREFUSED' && isLocal(url) ? 'Does npm start run there?' : null;
}

export type CallOptions = { body?: unknown; idempotencyKey?: string; token?: null; signal?: AbortSignal };

export type Api = {
  url: string;
  /** One request, one answer. Throws ApiProblem and ApiUnreachable. */
  call(method: string, path: string, options?: CallOptions): Promise<Answer>;
  /** Sends it again while that is safe and of use. Only for what may happen twice, or has its key. */
  insist(method: string, path: string, options?: CallOptions): Promise<Answer>;
};

export function createApi({ url, token }: Target, { sleep }: Pick<Io, 'sleep'>): Api {
  const call: Api['call'] = async (method, path, { body, idempotencyKey, signal, ...options } = {}) => {
    let response: Response;
    let text: string;
    try {
      const timeout = AbortSignal.timeout(TIMEOUT_MS);
      response = await fetch(`${url}${path}`, {
        method,
        // A token must not follow a redirection to somewhere else.
        redirect: 'manual',
        signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
        headers: {
          accept: 'application/json',
          ...(options.token !== null && { authorization: `Bearer ${token}` }),
          ...(body !== undefined && { 'content-type': 'application/json' }),
          ...(idempotencyKey && { 'idempotency-key': idempotencyKey }),
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      });
      text = await response.text();
    } catch (cause) {
      throw new ApiUnreachable(url, cause);
    }
    const read = parsed(text);
    if (response.ok && read !== undefined)
      return { status: response.status, headers: response.headers, body: read };
    const document = v.safeParse(problem, read);
    throw new ApiProblem(
      response.status,
      document.success ? document.output : null,
      retryAfterMs(response.headers.get('retry-after')),
    );
  };

  return {
    url,
    call,
    async insist(method, path, options) {
      for (let tried = 1; ; tried++) {
        try {
          return await call(method, path, options);
        } catch (error) {
          if (tried === TRIES || !isPassing(error) || options?.signal?.aborted) throw error;
          if (error instanceof ApiUnreachable && error.mistake !== null) throw error;
          await sleep(pauseMs(tried, error), options?.signal);
        }
      }
    },
  };
}

/** Whether the same request may well succeed in a moment. Anything else is told at once. */
export function isPassing(error: unknown): boolean {
  if (error instanceof ApiUnreachable) return true;
  if (!(error instanceof ApiProblem)) return false;
  return error.status === 429 || error.status >= 500 || error.slug === 'request-in-progress';
}

/** How long to wait after so many tries in a row: what the server says, else ever longer. */
export function pauseMs(tried: number, error: unknown): number {
  const told = error instanceof ApiProblem ? error.retryAfterMs : undefined;
  return Math.min(told ?? FIRST_PAUSE_MS * 2 ** (tried - 1), LONGEST_PAUSE_MS);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function retryAfterMs(header: string | null): number | undefined {
  return header !== null && /^\d{1,6}$/.test(header) ? Number(header) * 1_000 : undefined;
}

/** What lies beneath "fetch failed", such as ECONNREFUSED. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  if (error.name === 'TimeoutError') return 'no answer in time';
  const { cause } = error;
  if (cause instanceof Error) return 'code' in cause ? String(cause.code) : cause.message;
  return error.message;
}
