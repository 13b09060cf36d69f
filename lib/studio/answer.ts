import { StudioError, type StudioErrorKind } from './errors.ts';
import { fieldsOf } from './parse.ts';
import { parseRetryAfter } from './retry.ts';
import type { TransportFailure, TransportResult } from './transport.ts';

/**
 * What came back, judged: the JSON of a success, or a StudioError. `undefined` stands for an empty body.
 * Twilio's errors are `{code, message, more_info, details}`; its newer APIs answer RFC 9457.
 */
export type Answer = { ok: true; body: unknown } | { ok: false; error: StudioError };

export function judge(operation: string, result: TransportResult, nowMs: number): Answer {
  const requestId = result.header('twilio-request-id');
  const facts = { operation, ...(requestId === undefined ? {} : { requestId }) };
  if (!result.ok && !(result.status !== undefined && result.status >= 400)) {
    const [kind, message] = FAILURES[result.failure];
    const status = result.status === undefined ? {} : { status: result.status };
    return refuse(kind, message, { ...facts, ...status, sent: result.sent, cause: result.cause });
  }
  const status = result.status ?? 0;
  if (status >= 200 && status < 300) {
    const text = result.ok ? result.body.toString('utf8') : '';
    if (text.trim() === '') return { ok: true, body: undefined };
    try {
      return { ok: true, body: JSON.parse(text) };
    } catch {
      // Without the parser's words as cause: they quote the text, which may be personal.
      return refuse('nonsense', 'Studio answered something that is not JSON', {
        ...facts,
        status,
        sent: true,
      });
    }
  }
  if (status < 400)
    return refuse('nonsense', `Studio answered with status ${status}`, { ...facts, status, sent: true });
  // An error whose body broke off, or is a proxy's HTML, is still that error.
  const retryAfterMs = parseRetryAfter(result.header('retry-after'), nowMs);
  return refuse(kindOf(status), `Studio answered with status ${status}`, {
    ...facts,
    status,
    sent: true,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    ...(result.ok ? errorBody(result.body) : {}),
  });
}

const FAILURES: Record<TransportFailure, [StudioErrorKind, string]> = {
  timeout: ['timeout', 'No whole answer in time'],
  aborted: ['aborted', 'The call was ended by its caller'],
  connection: ['connection', 'The connection could not be made or broke'],
  oversized: ['nonsense', 'The answer is larger than any answer of Studio'],
  garbled: ['nonsense', 'The answer is not HTTP'],
};

function refuse(...[kind, message, details]: ConstructorParameters<typeof StudioError>): Answer {
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

function errorBody(body: Buffer) {
  const fields = readFields(body);
  if (!fields) return {};
  const code = Number(fields['code'] ?? Number.NaN);
  const words = fields['message'] ?? fields['detail'] ?? fields['title'];
  const moreInfo = fields['more_info'] ?? fields['type'];
  return {
    ...(Number.isInteger(code) ? { code } : {}),
    ...(typeof words === 'string' ? { upstreamMessage: words } : {}),
    ...(typeof moreInfo === 'string' ? { moreInfo } : {}),
    ...(fields['details'] === undefined ? {} : { details: fields['details'] }),
  };
}

function readFields(body: Buffer) {
  try {
    return fieldsOf(JSON.parse(body.toString('utf8')));
  } catch {
    return undefined;
  }
}
