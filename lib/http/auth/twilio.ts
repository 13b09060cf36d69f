import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Secret } from '../../config/secret.ts';
import { isForm } from '../event/body.ts';
import type { Received } from '../event/event.ts';
import { decodeSignature, equalSecrets, sha256 } from './hash.ts';

/** https://www.twilio.com/docs/usage/security#validating-requests */
const TWILIO_SIGNATURE_HEADER = 'x-twilio-signature';
/** Names a customer-owned key: `key=webhooks_sharedkey_…,algorithm=HMAC_SHA256`. */
const SETTINGS_HEADER = 'x-twilio-webhooks-signature-settings';
/** Of a URL that Twilio signed for a body that is no form. */
export const BODY_HASH_PARAMETER = 'bodySHA256';

/** Twilio signs no form with more parameters, so a longer form is refused before it is sorted. */
const MAX_FORM_PARAMETERS = 1_000;
const DIGEST_BYTES = { sha1: 20, sha256: 32 } as const;

/** `keySid`: the customer-owned key; null when the Auth Token is the key. */
type SignatureSettings = { keySid: string | null; hash: 'sha1' | 'sha256' };

/** A request that claims to be signed by Twilio, with every text that Twilio may have signed for it. */
export type TwilioRequest = NonNullable<ReturnType<typeof readTwilioRequest>>;

/**
 * Builds the texts that Twilio may have signed, once for all keys. Takes the URL from the configuration,
 * never from Host or X-Forwarded-… headers. Returns null if the signature cannot be valid or does not cover
 * the body: a form is covered by its parameters, any other body by the URL's `bodySHA256`.
 */
export function readTwilioRequest(publicUrl: string, received: Received) {
  const { headers } = received;
  const settings = readSettings(headers.get(SETTINGS_HEADER) ?? '');
  if (!settings) return null;
  const signature = decodeSignature(headers.get(TWILIO_SIGNATURE_HEADER) ?? '', DIGEST_BYTES[settings.hash]);
  const parameters = signature && parametersOf(received);
  if (!signature || parameters === null) return null;
  const base = new URL(publicUrl);
  return {
    ...settings,
    signature,
    /** Scheme, host and port, in each spelling that Twilio uses. */
    origins: originsOf(base),
    /** What follows the origin: path, query string and form parameters, in each spelling of the path. */
    texts: pathsOf(base, received).map((path) => Buffer.from(`${path}${parameters}`)),
  };
}

/** Returns the signed text without its origin; null if no key in the secret made the signature. */
export function signedText(request: TwilioRequest, secret: Secret): Buffer | null {
  const { hash, signature, origins, texts } = request;
  let found: Buffer | null = null;
  for (const key of keysOf(request, secret))
    for (const text of texts)
      for (const origin of origins) {
        const expected = createHmac(hash, key).update(origin).update(text).digest();
        if (timingSafeEqual(expected, signature)) found = text;
      }
  return found;
}

function keysOf({ keySid }: TwilioRequest, secret: Secret): string[] {
  const { authToken, secondaryAuthToken, signatureKeys } = secret;
  if (keySid === null) return [authToken, secondaryAuthToken].filter((token) => token !== undefined);
  return signatureKeys.filter(({ sid }) => sid === keySid).map((key) => key.secret);
}

/**
 * Reads the header as Twilio's Node SDK does: parts in any order, and of a repeated part the first with a
 * value. Without an algorithm, the Auth Token and SHA-1 apply. Returns null for an unknown algorithm, and for
 * HMAC_SHA256 without a key.
 */
function readSettings(header: string): SignatureSettings | null {
  const settingOf = (name: string) =>
    header
      .split(',')
      .map((part) => part.split(/=(.*)/s).map((text) => text.trim()))
      .find(([found, value]) => found === name && value)?.[1];
  const algorithm = settingOf('algorithm')?.toUpperCase();
  const keySid = settingOf('key') ?? null;
  if (algorithm === undefined) return { keySid: null, hash: 'sha1' };
  if (algorithm === 'HMAC_SHA1') return { keySid, hash: 'sha1' };
  return algorithm === 'HMAC_SHA256' && keySid !== null ? { keySid, hash: 'sha256' } : null;
}

/** What follows the URL in the signed text; null when the signature cannot cover the body. */
function parametersOf({ rawQueryString, headers, body }: Received): string | null {
  const bodyHash = new URLSearchParams(rawQueryString).get(BODY_HASH_PARAMETER);
  if (bodyHash !== null)
    return equalSecrets(bodyHash.toLowerCase(), sha256(body).toString('hex')) ? '' : null;
  if (isForm(headers.get('content-type'))) return sortedParameters(body.toString('utf8'));
  return body.length === 0 ? '' : null;
}

/**
 * Joins names and values without delimiters, sorted by name; a repeated name with its distinct values,
 * sorted. Returns null for more than MAX_FORM_PARAMETERS.
 */
function sortedParameters(form: string): string | null {
  // Cheaper than parsing the parameters.
  if (form.split('&', MAX_FORM_PARAMETERS + 1).length > MAX_FORM_PARAMETERS) return null;
  const pairsOf = Map.groupBy(new URLSearchParams(form), ([name]) => name);
  return [...pairsOf.keys()]
    .sort()
    .flatMap((name) => [...new Set(pairsOf.get(name)?.map((pair) => pair.join('')))].sort())
    .join('');
}

/** Scheme and host, with and without the port, since Twilio signs either. */
function originsOf({ protocol, host, hostname, port }: URL): string[] {
  const withPort = `${hostname}:${port || (protocol === 'https:' ? '443' : '80')}`;
  return [...new Set([host, hostname, withPort])].map((one) => `${protocol}//${one}`);
}

/** Path and query string. A stage's prefix may be in the public URL, in the received path, or in both. */
function pathsOf({ pathname }: URL, { rawPath, rawQueryString }: Received): string[] {
  const prefix = pathname.replace(/\/+$/, '');
  const query = rawQueryString === '' ? '' : `?${rawQueryString}`;
  const paths = new Set([`${prefix}${rawPath}`, ...(rawPath.startsWith(`${prefix}/`) ? [rawPath] : [])]);
  return [...paths].map((path) => `${path}${query}`);
}
