import { Problem } from './problems.ts';
import type { Answer } from './request.ts';

/** What API Gateway takes, with everything that `serve` sets. */
export type Result = { statusCode: number; headers: Record<string, string>; body: string };

/** Forbid caching and media type sniffing of every answer. */
const COMMON_HEADERS = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' };

/**
 * The largest result that Lambda passes on, as JSON, in which the body is a string and is escaped once more.
 */
export const MAX_RESULT_BYTES = 6_291_556;
/** The most bytes that JSON needs for a UTF-16 code unit: those of an escaped control character. */
const MAX_BYTES_PER_UNIT = 6;
/** An upper bound for status and headers. */
const ENVELOPE_BYTES = 16_384;

/** Throws `answer-too-large` for an answer that Lambda would not pass on. */
export function toResult(outcome: Answer | Problem, requestId: string): Result {
  if (outcome instanceof Problem)
    return {
      statusCode: outcome.status,
      headers: { ...COMMON_HEADERS, 'content-type': 'application/problem+json', ...outcome.headers },
      body: JSON.stringify(outcome.toBody(requestId)),
    };
  const result = {
    statusCode: outcome.status,
    headers: { ...COMMON_HEADERS, 'content-type': 'application/json', ...outcome.headers },
    body: outcome.body === undefined ? '' : JSON.stringify(outcome.body),
  };
  if (!fits(result)) throw tooLarge(outcome.body);
  return result;
}

/** Serialises the result only if its length alone does not decide. */
function fits(result: Result): boolean {
  const mostBytes = result.body.length * MAX_BYTES_PER_UNIT + ENVELOPE_BYTES;
  return mostBytes <= MAX_RESULT_BYTES || Buffer.byteLength(JSON.stringify(result)) <= MAX_RESULT_BYTES;
}

function tooLarge(body: unknown): Problem {
  const has = (name: string) => typeof body === 'object' && body !== null && name in body;
  const instead = has('nextCursor')
    ? 'Ask for less with a smaller limit.'
    : `Read it in Twilio’s Console or with Twilio’s API${has('context') ? ', or in the archive of a purge' : ''}.`;
  return new Problem('answer-too-large', `The answer is larger than the 6 MB that can be sent. ${instead}`);
}
