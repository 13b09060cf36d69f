import { StudioError, type StudioErrorDetails, type StudioErrorKind } from '../errors.ts';
import { fieldsOf } from '../json/parse.ts';
import type { TransportFailure, TransportResult } from './exchange.ts';
import { parseRetryAfter } from './retry.ts';

/** Why a response is refused: it is not about what was requested, or it belongs to another flow. */
export type Mismatch = 'nonsense' | 'other-flow';

export function isMismatch(value: unknown): value is Mismatch {
  return value === 'nonsense' || value === 'other-flow';
}

export type CallResult<T> = { value: T } | { error: StudioError };

/** How the JSON of a response is read, and its value then understood. An empty body is undefined. */
export type Reader<T> = { readJson: (text: string) => unknown; parse: (body: unknown) => T | Mismatch };

/** Twilio's errors are `{code, message, more_info, details}`, those of its newer APIs problems (RFC 9457). */
export function parseResponse<T>(
  known: Pick<StudioErrorDetails, 'operation' | 'afterLostResponse'>,
  result: TransportResult,
  nowMs: number,
  { readJson, parse }: Reader<T>,
): CallResult<T> {
  const { status, header } = result;
  const refuse = (kind: StudioErrorKind, message: string, more: Partial<StudioErrorDetails> = {}) => {
    const sent = result.ok || result.sent;
    const details = { ...known, sent, status, requestId: header('twilio-request-id'), ...more };
    return { error: new StudioError(kind, message, details) };
  };
  // An error whose body is cut off, or is a proxy's HTML, is still that error.
  if (status !== undefined && status >= 400)
    return refuse(kindOf(status), `Studio answered with status ${status}`, {
      ...(result.ok ? errorBody(result.body) : {}),
      retryAfterMs: parseRetryAfter(header('retry-after'), nowMs),
    });
  if (!result.ok) {
    const { cause, failure } = result;
    // The reason of the call's signal.
    if (cause instanceof StudioError) return refuse(cause.kind, cause.message, { cause: cause.cause });
    return refuse(...FAILURES[failure], { cause, oversized: failure === 'oversized' });
  }
  // Redirects are not followed: Studio has none, and the credentials must not go elsewhere.
  if (result.status >= 300) return refuse('nonsense', `Studio answered with status ${result.status}`);
  const json = jsonOf(result.body, readJson);
  if (!json) return refuse('nonsense', 'Studio answered something that is not JSON, or is nested too deeply');
  const value = parse(json.value);
  if (isMismatch(value)) return refuse(value, 'Studio answered something else than was asked for');
  return { value };
}

const FAILURES: Record<TransportFailure, [StudioErrorKind, string]> = {
  timeout: ['timeout', 'No complete response in time'],
  aborted: ['aborted', 'The call was ended by its caller'],
  connection: ['connection', 'The connection could not be made or broke'],
  oversized: ['nonsense', 'The response exceeds its size limit'],
  garbled: ['nonsense', 'The response is not HTTP'],
};

function kindOf(status: number): StudioErrorKind {
  if (status === 401 || status === 403) return 'refused-credentials';
  if (status === 404) return 'not-found';
  if (status === 409) return 'conflict';
  if (status === 429) return 'throttled';
  // A proxy's 408 means that it gave up waiting, as its 504 does: the work may have been done.
  if (status === 408 || status >= 500) return 'unavailable';
  return 'rejected';
}

/** Twilio's codes have five digits. A longer number may be a contact's phone number. */
const MAX_CODE = 999_999;

function errorBody(body: Buffer): Partial<StudioErrorDetails> {
  const fields = fieldsOf(jsonOf(body, JSON.parse)?.value) ?? {};
  const code = Number(fields['code'] ?? Number.NaN);
  return {
    code: Number.isInteger(code) && code > 0 && code <= MAX_CODE ? code : undefined,
    upstreamMessage: textOf(fields['message'] ?? fields['detail'] ?? fields['title']),
    moreInfo: textOf(fields['more_info'] ?? fields['type']),
    details: fields['details'],
  };
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/** Drops the parser's error, which quotes the text: it may be personal. */
function jsonOf(body: Buffer, readJson: (text: string) => unknown): { value: unknown } | undefined {
  try {
    return { value: body.length === 0 ? undefined : readJson(body.toString('utf8')) };
  } catch {
    return undefined;
  }
}
