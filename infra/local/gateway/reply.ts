import * as v from 'valibot';
import { MAX_RESULT_BYTES } from '../../../lib/http/result.ts';
import { jsonReply } from '../aws/protocol.ts';
import type { InvocationResult } from '../host/function-protocol.ts';
import type { Reply } from '../http.ts';

const functionAnswer = v.object({
  statusCode: v.number(),
  headers: v.optional(v.record(v.string(), v.union([v.string(), v.number(), v.boolean()])), {}),
  cookies: v.optional(v.array(v.string()), []),
  body: v.optional(v.string(), ''),
  isBase64Encoded: v.optional(v.boolean(), false),
});

const internalServerError = gatewayReply(500, 'Internal Server Error');

/** An answer of API Gateway's own, which looks different from ours. */
export function gatewayReply(status: number, message: string): Reply {
  return jsonReply(status, { message });
}

/** Turns a function's answer into HTTP, as an HTTP API does (payload format 2.0). */
export function replyOf(result: InvocationResult): Reply {
  if (result.outcome !== 'answered' || Buffer.byteLength(result.payload) > MAX_RESULT_BYTES)
    return internalServerError;
  const checked = v.safeParse(functionAnswer, JSON.parse(result.payload));
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
