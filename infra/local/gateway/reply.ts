import * as v from 'valibot';
import { MAX_RESULT_BYTES } from '../../../lib/http/result.ts';
import type { InvocationResult } from '../host/function-protocol.ts';
import type { Reply } from '../http.ts';

/** What an HTTP API makes of a function's answer, payload format 2.0. */

const structuredAnswer = v.object({
  statusCode: v.union([v.number(), v.pipe(v.string(), v.digits(), v.transform(Number))]),
  headers: v.optional(v.record(v.string(), v.union([v.string(), v.number(), v.boolean()])), {}),
  cookies: v.optional(v.array(v.string()), []),
  body: v.optional(v.string(), ''),
  isBase64Encoded: v.optional(v.boolean(), false),
});

export const internalServerError = gatewayReply(500, 'Internal Server Error');

/** API Gateway's own answers look like this, and not like ours. */
export function gatewayReply(status: number, message: string): Reply {
  return { status, headers: { 'content-type': 'application/json' }, body: JSON.stringify({ message }) };
}

export function replyOf(result: InvocationResult): Reply {
  if (result.outcome !== 'answered' || Buffer.byteLength(result.payload) > MAX_RESULT_BYTES)
    return internalServerError;
  const answer: unknown = JSON.parse(result.payload);
  if (typeof answer !== 'object' || answer === null || !('statusCode' in answer))
    // Without a status, the whole answer is the body.
    return { status: 200, headers: { 'content-type': 'application/json' }, body: result.payload };
  const checked = v.safeParse(structuredAnswer, answer);
  if (!checked.success) return internalServerError;
  const { statusCode, headers, cookies, body, isBase64Encoded } = checked.output;
  const named = Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name.toLowerCase(), String(value)]),
  );
  return {
    status: statusCode,
    headers: {
      ...(body !== '' && { 'content-type': 'text/plain; charset=utf-8' }),
      ...named,
      ...(cookies.length > 0 && { 'set-cookie': cookies }),
    },
    body: isBase64Encoded ? Buffer.from(body, 'base64') : body,
  };
}
