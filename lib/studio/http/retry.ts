import type { StudioError, StudioErrorKind } from '../errors.ts';

/**
 * - `read` changes nothing.
 * - `idempotent` has the same effect when it happens twice: end, delete, setting a whole list.
 * - `non-idempotent` has another effect each time: a second create starts a second execution.
 */
export type OperationKind = 'read' | 'idempotent' | 'non-idempotent';

type Failure = Pick<StudioError, 'kind' | 'sent'>;

/** Maximum number of tries, the first included. Twilio recommends 5. */
export const MAX_TRIES = 5;
/** Twilio recommends to start at 100 ms and to double it, with jitter, up to 30 s. */
const FIRST_DELAY_MS = 100;
const MAX_DELAY_MS = 30_000;

/** What each kind of failure allows to repeat, and whether Studio may have done the work. */
const MATRIX: Record<StudioErrorKind, { repeat: Repeat; effect: 'never' | 'if-sent' | 'possible' }> = {
  // "Aren't processed and are safe to retry" (Twilio on 20429), a create too.
  throttled: { repeat: 'unless-done', effect: 'never' },
  connection: { repeat: 'unless-done', effect: 'if-sent' },
  timeout: { repeat: 'unless-done', effect: 'if-sent' },
  // A 5xx may come after the work was done.
  unavailable: { repeat: 'unless-done', effect: 'possible' },
  // An unreadable 2xx, such as a proxy's page, does not tell whether Studio processed the request.
  nonsense: { repeat: 'idempotent', effect: 'if-sent' },
  aborted: { repeat: 'never', effect: 'if-sent' },
  // request.ts repeats a 401 with fresh credentials.
  'refused-credentials': { repeat: 'never', effect: 'never' },
  'invalid-argument': { repeat: 'never', effect: 'never' },
  'not-found': { repeat: 'never', effect: 'never' },
  'still-there': { repeat: 'never', effect: 'never' },
  'other-flow': { repeat: 'never', effect: 'never' },
  conflict: { repeat: 'never', effect: 'never' },
  rejected: { repeat: 'never', effect: 'never' },
};

/** `unless-done`: a non-idempotent operation is repeated only if it certainly had no effect. */
type Repeat = 'unless-done' | 'idempotent' | 'never';

/** Whether the failure says nothing about the request, so that a later one may succeed. */
export function isTransientKind(kind: StudioErrorKind): boolean {
  return kind === 'aborted' || MATRIX[kind].repeat === 'unless-done';
}

/** Whether the same request may be sent again. */
export function isRetryable(operation: OperationKind, failure: Failure): boolean {
  const { repeat } = MATRIX[failure.kind];
  if (repeat === 'idempotent') return operation === 'idempotent';
  return repeat === 'unless-done' && (operation !== 'non-idempotent' || !mayHaveTakenEffect(failure));
}

/**
 * Whether Studio may have done the work although the call failed. Only then is a create's outcome unknown.
 */
export function mayHaveTakenEffect({ kind, sent }: Failure): boolean {
  const { effect } = MATRIX[kind];
  return effect === 'possible' || (effect === 'if-sent' && sent);
}

/**
 * Returns the wait before the next try: what the server asked for, up to 30 s, or else full jitter over a
 * doubling range, so that callers that failed together do not return together.
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
