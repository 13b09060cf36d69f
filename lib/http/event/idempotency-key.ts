import type { Config } from '../../config/configuration.ts';
import { Problem } from '../problems.ts';
import type { Caller, Idempotency } from '../request.ts';

const MAX_KEY_CHARACTERS = 255;

/**
 * Returns what identifies a repeated request. A request signed by Twilio is identified by the signed text:
 * the signature does not cover the key headers, so anyone who saw the request could send it again under
 * another key. With `allowRepeats`, its key header counts as for any other caller.
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
 * else Twilio's `I-Twilio-Idempotency-Token`. The key of a signed webhook is always its id, which the
 * signature covers. Throws 400 for an invalid key.
 */
function keyHeaderOf(headers: ReadonlyMap<string, string>, caller: Caller): string | null {
  const webhookId = headers.get('webhook-id');
  if (caller.kind === 'webhook' && webhookId !== undefined) return keyOf(valuesIn(webhookId), 'webhook-id');
  const key = headers.get('idempotency-key');
  if (key !== undefined) return keyOf(splitOutsideQuotes(key).map(unquote), 'Idempotency-Key');
  if (webhookId !== undefined) return keyOf(valuesIn(webhookId), 'webhook-id');
  const token = headers.get('i-twilio-idempotency-token');
  return token === undefined ? null : keyOf(valuesIn(token), 'I-Twilio-Idempotency-Token');
}

/**
 * Returns the key in a header. API Gateway joins the values of a repeated header with commas: equal values
 * are one key. Throws 400 for different values and for an invalid key.
 */
function keyOf(values: readonly (string | null)[], header: string): string {
  const key = onlyValue(values);
  if (key === null || !/^[\x20-\x7e]+$/.test(key) || key.length > MAX_KEY_CHARACTERS)
    throw new Problem(
      'malformed-request',
      `${header} must be one key of 1 to ${MAX_KEY_CHARACTERS} printable ASCII characters. Quote a key that contains a comma (Idempotency-Key only).`,
    );
  return key;
}

/** The values of a header that may have come several times. */
export function valuesIn(header: string): string[] {
  return header.split(',').map((value) => value.trim());
}

/** The value that all of them are; null when they differ. */
export function onlyValue(values: readonly (string | null)[]): string | null {
  const [first = null, ...others] = values;
  return others.every((other) => other === first) ? first : null;
}

function splitOutsideQuotes(header: string): string[] {
  const values = [''];
  let isQuoted = false;
  for (const piece of header.split(/(\\.|[",])/)) {
    if (piece === '"') isQuoted = !isQuoted;
    if (piece === ',' && !isQuoted) values.push('');
    else values[values.length - 1] += piece;
  }
  return values;
}

/** Decodes a structured field's string; null if its quotes, escapes or commas are malformed. */
function unquote(value: string): string | null {
  const text = value.trim();
  if (!/[",]/.test(text)) return text;
  const inner = /^"((?:[^"\\]|\\["\\])*)"$/.exec(text)?.[1];
  return inner?.replaceAll(/\\(["\\])/g, '$1') ?? null;
}
