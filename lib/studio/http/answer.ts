import { StudioError, type StudioErrorDetails, type StudioErrorKind } from '../errors.ts';
import { fieldsOf } from '../json/parse.ts';
import type { Misfit } from './asked-for.ts';
import type { TransportFailure, TransportResult } from './exchange.ts';
import { parseRetryAfter } from './retry.ts';

export type Answer<T> = { ok: true; value: T } | { ok: false; error: StudioError };

/** What was read from a success. `misfit`: why the answer does not fit the request. */
export type Parsed<T> = { value: T } | { misfit: Misfit };

type Known = Pick<StudioErrorDetails, 'operation' | 'afterUnclear'>;

/**
 * Judges an answer: returns what `parse` reads from the JSON of a success (undefined for an empty body), or a
 * StudioError. Twilio's errors are `{code, message, more_info, details}`; its newer APIs answer RFC 9457.
 * `readText` parses the JSON of a success.
 */
export function judge<T>(
  known: Known,
  result: TransportResult,
  parse: (body: unknown) => Parsed<T>,
  nowMs: number,
  readText: (json: string) => unknown,
): Answer<T> {
  const facts = (): StudioErrorDetails => ({
    ...known,
    sent: result.ok || result.sent,
    requestId: result.header('twilio-request-id'),
    status: result.status,
  });
  const { status } = result;
  // An error whose body broke off, or is a proxy's HTML, is still that error.
  if (status !== undefined && status >= 400) {
    const retryAfterMs = parseRetryAfter(result.header('retry-after'), nowMs);
    const told = result.ok ? errorBody(result.body) : {};
    return refuse(kindOf(status), `Studio answered with status ${status}`, {
      ...facts(),
      ...told,
      retryAfterMs,
    });
  }
  if (!result.ok) {
    const { cause } = result;
    // What ended the call says why: its caller, or its time.
    if (cause instanceof StudioError)
      return refuse(cause.kind, cause.message, { ...facts(), cause: cause.cause });
    const [kind, message] = FAILURES[result.failure];
    return refuse(kind, message, { ...facts(), oversized: result.failure === 'oversized', cause });
  }
  // Redirects are not followed: Studio has none, and the credentials stay here.
  if (result.status >= 300)
    return refuse('nonsense', `Studio answered with status ${result.status}`, facts());
  const json = readJson(result.body, readText);
  if (!json.ok)
    return refuse('nonsense', 'Studio answered something that is not JSON, or is nested too deeply', facts());
  const parsed = parse(json.value);
  if ('misfit' in parsed)
    return refuse(parsed.misfit, 'Studio answered something else than was asked for', facts());
  return { ok: true, value: parsed.value };
}

const FAILURES: Record<TransportFailure, [StudioErrorKind, string]> = {
  timeout: ['timeout', 'No whole answer in time'],
  aborted: ['aborted', 'The call was ended by its caller'],
  connection: ['connection', 'The connection could not be made or broke'],
  oversized: ['nonsense', 'The answer exceeds its size limit'],
  garbled: ['nonsense', 'The answer is not HTTP'],
};

function refuse(...[kind, message, details]: ConstructorParameters<typeof StudioError>): Answer<never> {
  return { ok: false, error: new StudioError(kind, message, details) };
}

function kindOf(status: number): StudioErrorKind {
  if (status === 401 || status === 403) return 'refused-credentials';
  if (status === 404) return 'not-found';
  if (status === 409) return 'conflict';
  if (status === 429) return 'throttled';
  // A proxy's 408 means that it gave up waiting, as its 504 does: the work may have been done.
  if (status === 408 || status >= 500) return 'unavailable';
  return 'rejected';
}

/** Twilio's codes have five digits; a longer number may be a contact's phone number. */
const MAX_CODE = 999_999;

function errorBody(body: Buffer) {
  const json = readJson(body, JSON.parse);
  const fields = json.ok ? fieldsOf(json.value) : undefined;
  if (!fields) return {};
  const code = Number(fields['code'] ?? Number.NaN);
  return {
    code: Number.isInteger(code) && code > 0 && code <= MAX_CODE ? code : undefined,
    upstreamMessage: stringOf(fields['message'] ?? fields['detail'] ?? fields['title']),
    moreInfo: stringOf(fields['more_info'] ?? fields['type']),
    details: fields['details'],
  };
}

function stringOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/** Without the parser's error: its words quote the text, which may be personal. */
function readJson(
  body: Buffer,
  readText: (json: string) => unknown,
): { ok: true; value: unknown } | { ok: false } {
  if (body.length === 0) return { ok: true, value: undefined };
  try {
    return { ok: true, value: readText(body.toString('utf8')) };
  } catch {
    return { ok: false };
  }
}
