import type { Config } from '../config.ts';
import { Problem } from './problems.ts';
import type { Caller, Idempotency } from './request.ts';

const MAX_KEY_CHARACTERS = 255;

/**
 * What makes a repeated request the same one. A request that Twilio signed is known by what was signed: the
 * key headers are not covered, so anyone who saw the request could send it again under another key. With
 * `allowRepeats` its key header counts as any other caller's does.
 */
export function idempotencyOf(
  headers: ReadonlyMap<string, string>,
  caller: Caller,
  { twilioWebhooks }: Pick<Config, 'twilioWebhooks'>,
): Idempotency {
  const key = keyHeaderOf(headers, caller);
  if (caller.signed === undefined) return { idempotencyKey: key };
  const identity = `signed:${caller.signed}`;
  return twilioWebhooks?.allowRepeats
    ? { idempotencyKey: key ?? identity }
    : { idempotencyKey: identity, unsignedKey: key };
}

/**
 * `Idempotency-Key` (a quoted string as in the IETF draft, or bare), else Standard Webhooks' `webhook-id`,
 * else Twilio's `I-Twilio-Idempotency-Token`. Throws 400 for a key that is none. The key of a signed webhook
 * is always its id, which the signature covers.
 */
function keyHeaderOf(headers: ReadonlyMap<string, string>, caller: Caller): string | null {
  const webhookId = headers.get('webhook-id');
  if (caller.kind === 'webhook' && webhookId !== undefined) return bounded(webhookId, 'webhook-id');
  const key = headers.get('idempotency-key');
  if (key !== undefined) return bounded(unquote(key.trim()), 'Idempotency-Key');
  if (webhookId !== undefined) return bounded(webhookId, 'webhook-id');
  const token = headers.get('i-twilio-idempotency-token');
  return token === undefined ? null : bounded(token, 'I-Twilio-Idempotency-Token');
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
