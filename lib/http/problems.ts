import type { Mistake } from '../config/validation.ts';

/** Every problem that the API answers with (RFC 9457). Names and statuses are the contract with callers. */
export const problems = {
  'malformed-request': { status: 400, title: 'The request cannot be read' },
  unauthenticated: { status: 401, title: 'Who is calling is not known' },
  forbidden: { status: 403, title: 'The caller may not do this' },
  'unknown-route': { status: 404, title: 'There is no such route' },
  'unknown-flow': { status: 404, title: 'There is no such flow' },
  'unknown-execution': { status: 404, title: 'There is no such execution' },
  'unknown-purge': { status: 404, title: 'There is no such purge' },
  'active-execution-exists': { status: 409, title: 'The contact has an active execution' },
  'still-active': { status: 409, title: 'The execution is still active' },
  'request-in-progress': { status: 409, title: 'The first request with this key is still running' },
  'signature-replayed': { status: 409, title: 'The signed request was used before' },
  'payload-too-large': { status: 413, title: 'The body is too large' },
  'unsupported-media-type': { status: 415, title: 'The body has a media type that is not taken here' },
  'invalid-request': { status: 422, title: 'The request has mistakes' },
  'idempotency-key-reused': { status: 422, title: 'The key was used for another payload' },
  'rejected-by-studio': { status: 422, title: 'Studio does not accept this' },
  throttled: { status: 429, title: 'Too many requests' },
  internal: { status: 500, title: 'Something went wrong here' },
  'studio-refused-credentials': { status: 502, title: 'Studio refused the credentials' },
  'studio-answered-nonsense': { status: 502, title: 'Studio gave an answer that cannot be read' },
  'answer-too-large': { status: 502, title: 'The answer is too large' },
  'studio-unavailable': { status: 503, title: 'Studio cannot be reached' },
  unavailable: { status: 503, title: 'Something that this needs cannot be reached' },
  'outcome-unknown': { status: 504, title: 'It is not known whether the execution was created' },
} as const satisfies Record<string, { status: number; title: string }>;

/** The most that `Retry-After` says, even if Studio says more. */
const MAX_RETRY_AFTER_MS = 60_000;

export type ProblemSlug = keyof typeof problems;

type ProblemOptions = {
  /** Members beside the standard ones. Never an address, never a value that was received. */
  members?: Record<string, unknown>;
  /** Becomes `Retry-After`, in whole seconds, rounded up, a minute at most. */
  retryAfterMs?: number;
  headers?: Record<string, string>;
  cause?: unknown;
};

/** Thrown by whatever answers a request; `serve` turns it into `application/problem+json`. */
export class Problem extends Error {
  override readonly name = 'Problem';
  readonly slug: ProblemSlug;
  readonly status: number;
  readonly members: Record<string, unknown>;
  readonly headers: Record<string, string>;

  /** `detail` is for the caller's eyes and holds no address and nothing internal to Studio. */
  constructor(slug: ProblemSlug, detail: string, options: ProblemOptions = {}) {
    super(detail, options.cause === undefined ? undefined : { cause: options.cause });
    this.slug = slug;
    this.status = problems[slug].status;
    this.members = options.members ?? {};
    const { retryAfterMs } = options;
    this.headers = { ...options.headers };
    if (retryAfterMs !== undefined) {
      const seconds = Math.ceil(Math.min(retryAfterMs, MAX_RETRY_AFTER_MS) / 1_000);
      this.headers['retry-after'] = String(Math.max(1, seconds));
    }
  }

  /** The document of RFC 9457; `instance` is the request's id. */
  toBody(instance: string): Record<string, unknown> {
    const { title, status } = problems[this.slug];
    return { type: `/problems/${this.slug}`, title, status, detail: this.message, instance, ...this.members };
  }
}

/** 422 with every mistake that was found. */
export function invalidRequest(errors: readonly Mistake[]): Problem {
  const detail = errors.length === 1 ? 'One mistake was found.' : `${errors.length} mistakes were found.`;
  return new Problem('invalid-request', detail, { members: { errors } });
}
