import { createHmac } from 'node:crypto';
import type { Received } from '../event.ts';
import { isForm } from '../media-type.ts';
import { equalSecrets, sha256 } from './hash.ts';

/** https://www.twilio.com/docs/usage/security#validating-requests */
export const TWILIO_SIGNATURE_HEADER = 'x-twilio-signature';
/** Of a URL that Twilio signed for a body that is no form. */
export const BODY_HASH_PARAMETER = 'bodySHA256';

/**
 * Whether Twilio signed this request. The URL is built from the configured one, never from what the request
 * says of itself (Host, X-Forwarded-…). A body is only believed when the signature covers it: a form by its
 * parameters, anything else by the `bodySHA256` of the URL.
 */
export function isSignedByTwilio(authToken: string, publicUrl: string, received: Received): boolean {
  const signature = received.headers.get(TWILIO_SIGNATURE_HEADER) ?? '';
  const signedParameters = parametersOf(received);
  if (signedParameters === null) return false;
  let signed = false;
  for (const url of urlsOf(publicUrl, received)) {
    const expected = createHmac('sha1', authToken).update(`${url}${signedParameters}`).digest('base64');
    if (equalSecrets(signature, expected)) signed = true;
  }
  return signed;
}

/** What follows the URL in the signed text; null when the signature cannot cover the body. */
function parametersOf({ rawQueryString, headers, body }: Received): string | null {
  const bodyHash = new URLSearchParams(rawQueryString).get(BODY_HASH_PARAMETER);
  if (bodyHash !== null)
    return equalSecrets(bodyHash.toLowerCase(), sha256(body).toString('hex')) ? '' : null;
  if (isForm(headers.get('content-type'))) return sortedParameters(body.toString('utf8'));
  return body.length === 0 ? '' : null;
}

/** Sorted by key, key and value without delimiters; of a repeated key its distinct values, sorted. */
function sortedParameters(form: string): string {
  const parameters = new URLSearchParams(form);
  return [...new Set(parameters.keys())]
    .sort()
    .flatMap((key) => [...new Set(parameters.getAll(key))].sort().map((value) => `${key}${value}`))
    .join('');
}

/** With and without the port, since Twilio signs either; the path of the public URL may be a stage's. */
function urlsOf(publicUrl: string, { rawPath, rawQueryString }: Received): string[] {
  const base = new URL(publicUrl);
  const prefix = base.pathname.replace(/\/+$/, '');
  const query = rawQueryString === '' ? '' : `?${rawQueryString}`;
  const hosts = new Set([
    base.host,
    base.hostname,
    `${base.hostname}:${base.port || (base.protocol === 'https:' ? '443' : '80')}`,
  ]);
  const paths = new Set([`${prefix}${rawPath}`, ...(rawPath.startsWith(`${prefix}/`) ? [rawPath] : [])]);
  return [...hosts].flatMap((host) => [...paths].map((path) => `${base.protocol}//${host}${path}${query}`));
}
