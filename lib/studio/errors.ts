/** Why a call failed. Twilio's codes are explained in https://www.twilio.com/docs/api/errors. */
export type StudioErrorKind =
  /** A value that must not reach a path or a form: wrong SID, unknown status. Nothing was sent. */
  | 'invalid-argument'
  /** The caller's signal ended the call. */
  | 'aborted'
  /** No complete response (headers and body) in time. */
  | 'timeout'
  /** The connection could not be made or broke. */
  | 'connection'
  /** 401 (20003) or 403. */
  | 'refused-credentials'
  /** 404 (20404). */
  | 'not-found'
  /** 404 to an end or a delete of an execution that Studio still shows. */
  | 'still-there'
  /** The response belongs to another flow than the one in the path. */
  | 'other-flow'
  /** 409 (20409) if it is no expected outcome, or a confirmed end without effect. */
  | 'conflict'
  /** 429 (20429): not processed, safe to repeat. */
  | 'throttled'
  /** Any other 4xx. */
  | 'rejected'
  /** 5xx. */
  | 'unavailable'
  /** Not a response of Studio's: HTML, truncated JSON, a page that leads elsewhere or back. */
  | 'nonsense';

export type StudioErrorDetails = { operation: string; cause?: unknown } & Partial<
  Omit<StudioError, keyof Error | 'kind' | 'operation'>
>;

export class StudioError extends Error {
  override readonly name = 'StudioError';
  readonly kind: StudioErrorKind;
  readonly operation: string;
  /** HTTP status, if there was a response. */
  readonly status: number | undefined;
  /** Twilio's error code, such as 21211. */
  readonly code: number | undefined;
  /** Twilio's own words. They may repeat what the caller sent: never log them. */
  readonly upstreamMessage: string | undefined;
  readonly moreInfo: string | undefined;
  readonly details: unknown;
  /** The `Twilio-Request-Id` header. */
  readonly requestId: string | undefined;
  /** From `Retry-After`, in milliseconds. */
  readonly retryAfterMs: number | undefined;
  /** False only if no byte of the last request was sent. */
  readonly sent: boolean = false;
  /** Whether an earlier try of the same call may have done the work: its response was lost, or a 5xx. */
  readonly afterLostResponse: boolean = false;
  /** Whether the response exceeded its size limit. */
  readonly oversized: boolean = false;

  /** `message` is ours and contains nothing personal. */
  constructor(kind: StudioErrorKind, message: string, { cause, ...details }: StudioErrorDetails) {
    super(message, cause === undefined ? undefined : { cause });
    this.kind = kind;
    this.operation = details.operation;
    Object.assign(this, details);
  }
}
