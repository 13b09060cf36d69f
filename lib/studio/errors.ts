/**
 * Why a Studio call did not succeed. One class, told apart by `kind`, so that a `switch` over it can be
 * exhaustive; the meanings of Twilio's codes are in https://www.twilio.com/docs/api/errors.
 */
export type StudioErrorKind =
  /** A value that must not reach a path or a form: wrong SID, unknown status. Nothing was sent. */
  | 'invalid-argument'
  /** The caller's signal ended the call. */
  | 'aborted'
  /** No whole answer (headers and body) in time. */
  | 'timeout'
  /** The connection could not be made or broke. */
  | 'connection'
  /** 401 (20003) or 403. */
  | 'refused-credentials'
  /** 404 (20404). */
  | 'not-found'
  /** 404 to an end or a delete of an execution that Studio still shows. */
  | 'still-there'
  /** The answer belongs to another flow than the one in the path. */
  | 'other-flow'
  /**
   * 409 (20409) where it is not an expected outcome, or a confirmed end of an execution that is not shown as
   * ended.
   */
  | 'conflict'
  /** 429 (20429): not processed, safe to repeat. */
  | 'throttled'
  /** Any other 4xx. */
  | 'rejected'
  /** 5xx. */
  | 'unavailable'
  /** An answer that is no Studio answer: HTML, truncated JSON, a page that points elsewhere or back. */
  | 'nonsense';

export type StudioErrorDetails = {
  operation: string;
  /** HTTP status, when there was an answer. */
  status?: number | undefined;
  /** Twilio's error code, e.g. 21211. */
  code?: number | undefined;
  /** Twilio's own words. May repeat what the caller sent: for the caller's eyes, never for logs. */
  upstreamMessage?: string | undefined;
  moreInfo?: string | undefined;
  details?: unknown;
  /** The `Twilio-Request-Id` header. */
  requestId?: string | undefined;
  /** From `Retry-After`, in milliseconds. */
  retryAfterMs?: number | undefined;
  /** Whether any of the last request left; false only if surely not one byte did. Default false. */
  sent?: boolean | undefined;
  /** Whether an earlier try of the same call may have done the work: its answer was lost, or a 5xx. Default false. */
  afterUnclear?: boolean | undefined;
  /** Whether the answer exceeded its size limit. Default false. */
  oversized?: boolean | undefined;
  cause?: unknown;
};

export class StudioError extends Error {
  override readonly name = 'StudioError';
  readonly kind: StudioErrorKind;
  readonly operation: string;
  readonly status: number | undefined;
  readonly code: number | undefined;
  readonly upstreamMessage: string | undefined;
  readonly moreInfo: string | undefined;
  readonly details: unknown;
  readonly requestId: string | undefined;
  readonly retryAfterMs: number | undefined;
  readonly sent: boolean;
  readonly afterUnclear: boolean;
  readonly oversized: boolean;

  /** `message` is ours and holds nothing personal; Twilio's words stand in `upstreamMessage`. */
  constructor(kind: StudioErrorKind, message: string, details: StudioErrorDetails) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.kind = kind;
    this.operation = details.operation;
    this.status = details.status;
    this.code = details.code;
    this.upstreamMessage = details.upstreamMessage;
    this.moreInfo = details.moreInfo;
    this.details = details.details;
    this.requestId = details.requestId;
    this.retryAfterMs = details.retryAfterMs;
    this.sent = details.sent ?? false;
    this.afterUnclear = details.afterUnclear ?? false;
    this.oversized = details.oversized ?? false;
  }
}
