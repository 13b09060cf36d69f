import type { StudioErrorKind } from '../errors.ts';

/**
 * What may be repeated, in one place.
 *
 * - `read` changes nothing.
 * - `idempotent` comes to the same when it happens twice: end, delete, setting a whole list.
 * - `once` does not: a second create is a second execution, and Studio knows no idempotency key.
 */
export type OperationKind = 'read' | 'idempotent' | 'once';

export type Failure = {
  kind: StudioErrorKind;
  /** false only if surely not one byte of the request left: the connection was never made. */
  sent: boolean;
};

/** Tries in all, Twilio's own advice. */
export const MAX_TRIES = 5;
/** Twilio's recipe: from 100 ms, doubling, with jitter, at most 30 s. */
const FIRST_DELAY_MS = 100;
const MAX_DELAY_MS = 30_000;

/** Whether the same request may be sent again. Anything unknown is not: a bug must surface at once. */
export function isRetryable(operation: OperationKind, failure: Failure): boolean {
  switch (failure.kind) {
    // "Aren't processed and are safe to retry" (Twilio on 20429), a create too.
    case 'throttled':
      return true;
    // Processed or not, nobody knows. A create is only sent again if it never left.
    case 'connection':
    case 'timeout':
      return operation !== 'once' || !failure.sent;
    // A 5xx may come after the work was done.
    case 'unavailable':
      return operation !== 'once';
    // A page in place of an answer: nobody knows either whether it comes from before the work or from after it.
    case 'nonsense':
      return operation === 'idempotent';
    // Would come to the same again, or is the caller's wish. (A 401 is repeated with fresh credentials, in request.ts.)
    case 'invalid-argument':
    case 'aborted':
    case 'refused-credentials':
    case 'not-found':
    case 'still-there':
    case 'other-flow':
    case 'conflict':
    case 'rejected':
      return false;
  }
}

/** Whether Studio may have done the work although the call failed. Only then is a create's outcome unknown. */
export function mayHaveHappened(failure: Failure): boolean {
  switch (failure.kind) {
    case 'connection':
    case 'timeout':
    case 'aborted':
      return failure.sent;
    case 'unavailable':
      return true;
    // A success that cannot be read has still happened.
    case 'nonsense':
      return failure.sent;
    case 'throttled':
    case 'invalid-argument':
    case 'refused-credentials':
    case 'not-found':
    case 'still-there':
    case 'other-flow':
    case 'conflict':
    case 'rejected':
      return false;
  }
}

/**
 * How long to wait before the next try, in milliseconds. The server's own timing is kept as it is, up to the
 * cap; otherwise full jitter over a doubling range, so that callers who failed together do not return together.
 */
export function retryDelayMs(
  triesMade: number,
  retryAfterMs: number | undefined,
  random: () => number,
): number {
  if (retryAfterMs !== undefined) return Math.min(retryAfterMs, MAX_DELAY_MS);
  return random() * Math.min(FIRST_DELAY_MS * 2 ** (triesMade - 1), MAX_DELAY_MS);
}

/** `Retry-After` in milliseconds: seconds or an HTTP date (RFC 9110, 10.2.3); undefined if it is neither. */
export function parseRetryAfter(value: string | undefined, nowMs: number): number | undefined {
  const trimmed = value?.trim();
  if (!trimmed) return undefined;
  if (/^\d{1,9}(\.\d{1,6})?$/.test(trimmed)) return Number(trimmed) * 1000;
  // Date.parse takes much that is no HTTP date; each of its three forms begins with a day's name.
  const at = /^[A-Z][a-z]{2}/.test(trimmed) ? Date.parse(trimmed) : Number.NaN;
  return Number.isNaN(at) ? undefined : Math.max(0, at - nowMs);
}
