import { TWILIO_SIGNATURE_HEADER } from './auth/twilio.ts';
import { Problem } from './problems.ts';
import type { Caller } from './request.ts';

const MAX_KEY_CHARACTERS = 255;

/**
 * `Idempotency-Key` (a quoted string as in the IETF draft, or bare), else Standard Webhooks' `webhook-id`,
 * else Twilio's `I-Twilio-Idempotency-Token`. Throws 400 for a key that is none.
 *
 * Where a request is authenticated by a signature, whoever saw it could send it again under another key. Of
 * a signed webhook the key is therefore its id, which the signature covers, whatever else stands beside it;
 * and of a request signed by Twilio, which has no timestamp, without any key the signature itself.
 */
export function idempotencyKeyOf(headers: ReadonlyMap<string, string>, caller: Caller): string | null {
  const webhookId = headers.get('webhook-id');
  if (caller.kind === 'webhook' && webhookId !== undefined) return bounded(webhookId, 'webhook-id');
  const key = headers.get('idempotency-key');
  if (key !== undefined) return bounded(unquote(key.trim()), 'Idempotency-Key');
  if (webhookId !== undefined) return bounded(webhookId, 'webhook-id');
  const token = headers.get('i-twilio-idempotency-token');
  if (token !== undefined) return bounded(token, 'I-Twilio-Idempotency-Token');
  const signature = headers.get(TWILIO_SIGNATURE_HEADER);
  return caller.kind === 'twilio' && signature !== undefined ? `signature:${signature}` : null;
}

/** Of a structured field's string what it stands for; null when quotes or escapes do not match up. */
function unquote(text: string): string | null {
  if (!text.includes('"')) return text;
  const inner = /^"((?:[^"\\]|\\["\\])*)"$/.exec(text)?.[1];
  return inner?.replaceAll(/\\(["\\])/g, '$1') ?? null;
}

function bounded(key: string | null, header: string): string {
  if (key === null || !/^[\x20-\x7e]+$/.test(key) || key.length > MAX_KEY_CHARACTERS)
    throw new Problem(
      'malformed-request',
      `${header} must be 1 to ${MAX_KEY_CHARACTERS} printable ASCII characters, bare or as a quoted string.`,
    );
  return key;
}
