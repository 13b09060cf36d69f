import { Problem } from './problems.ts';
import type { Answer } from './request.ts';

/** What API Gateway takes, with everything that `serve` sets. */
export type Result = { statusCode: number; headers: Record<string, string>; body: string };

/** No answer is for a cache or to be taken for anything but what it says it is. */
const COMMON_HEADERS = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' };

export function toResult(outcome: Answer | Problem, requestId: string): Result {
  if (outcome instanceof Problem)
    return {
      statusCode: outcome.status,
      headers: { ...COMMON_HEADERS, 'content-type': 'application/problem+json', ...outcome.headers },
      body: JSON.stringify(outcome.toBody(requestId)),
    };
  return {
    statusCode: outcome.status,
    headers: { ...COMMON_HEADERS, 'content-type': 'application/json', ...outcome.headers },
    body: outcome.body === undefined ? '' : JSON.stringify(outcome.body),
  };
}
