import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import twilio from 'twilio';
import { describe, expect, test } from 'vitest';
import { readSecret } from '../../../../lib/config/secret.ts';
import { readTwilioRequest, signedText } from '../../../../lib/http/auth/twilio.ts';
import { readEvent } from '../../../../lib/http/event/event.ts';
import { PUBLIC_URL, secretInput } from '../../../support/http/api.ts';
import { type EventOptions, eventOf } from '../../../support/http/events.ts';

const TOKEN = '12345';
const FORM = 'application/x-www-form-urlencoded';
const PATH = '/flows/welcome/executions';

function sign(url: string, parameters: Record<string, string | string[]> = {}): string {
  return twilio.getExpectedTwilioSignature(TOKEN, url, parameters);
}

const secretWith = (changes: object) => readSecret(JSON.stringify({ ...secretInput, ...changes }));
const secret = secretWith({ authToken: TOKEN });

function check(target: string, options: EventOptions, publicUrl = PUBLIC_URL, keys = secret): boolean {
  const received = readEvent(eventOf(`POST ${target}`, options), { awsRequestId: 'lambda-1' });
  const request = readTwilioRequest(publicUrl, received);
  return request !== null && signedText(request, keys) !== null;
}

const form = (body: string, signature: string): EventOptions => ({
  headers: { 'content-type': `${FORM}; charset=UTF-8`, 'X-Twilio-Signature': signature },
  body,
});

describe('X-Twilio-Signature', () => {
  test('of Twilio’s example is right', () => {
    const body =
      'Digits=1234&To=%2B18005551212&From=%2B14158675310&Caller=%2B14158675310&CallSid=CA1234567890ABCDE';
    const request = form(body, 'L/OH5YylLD5NRKLltdqwSvS0BnU=');
    expect(check('/myapp.php?foo=1&bar=2', request, 'https://example.com')).toBe(true);
    expect(check('/myapp.php?foo=1&bar=2', { ...request, base64: true }, 'https://example.com')).toBe(true);
    expect(check('/myapp.php?foo=1&bar=3', request, 'https://example.com')).toBe(false);
    expect(check('/myapp.php?foo=1&bar=2', request, 'https://example.org')).toBe(false);
    expect(check('/myapp.php?foo=1&bar=2', { ...request, body: `${body}&x=1` }, 'https://example.com')).toBe(
      false,
    );
  });

  test('may have been made with or without the port', () => {
    for (const host of ['https://api.example.com', 'https://api.example.com:443'])
      expect(check(PATH, form('To=a', sign(`${host}${PATH}`, { To: 'a' })))).toBe(true);
    expect(check(PATH, form('To=a', sign(`https://api.example.com:444${PATH}`, { To: 'a' })))).toBe(false);
  });

  test('is over the public URL with its path, never over the Host that the request claims', () => {
    const signature = sign(`https://api.example.com/studio${PATH}`, { To: 'a' });
    expect(check(PATH, form('To=a', signature), 'https://api.example.com/studio/')).toBe(true);
    expect(check(`/studio${PATH}`, form('To=a', signature), 'https://api.example.com/studio')).toBe(true);
    expect(check(PATH, form('To=a', sign(`https://attacker.example${PATH}`, { To: 'a' })))).toBe(false);
  });

  test('counts the distinct values of a repeated parameter', () => {
    const signature = sign(`${PUBLIC_URL}${PATH}`, { To: ['b', 'a', 'b'] });
    expect(check(PATH, form('To=b&To=a&To=b', signature))).toBe(true);
    expect(check(PATH, form('To=b&To=c&To=b', signature))).toBe(false);
  });

  test('is refused over a form with more than 1,000 parameters, which Twilio never sends', () => {
    const formOf = (count: number) =>
      Array.from({ length: count }, (_, at): [string, string] => [`p${at}`, `${at}`]);
    const checkFormOf = (count: number) => {
      const signature = sign(`${PUBLIC_URL}${PATH}`, Object.fromEntries(formOf(count)));
      return check(PATH, form(new URLSearchParams(formOf(count)).toString(), signature));
    };
    expect(checkFormOf(1_000)).toBe(true);
    expect(checkFormOf(1_001)).toBe(false);
  });

  test('is base64 of exactly a SHA-1: another spelling of the same bytes is wrong', () => {
    const signature = sign(`${PUBLIC_URL}${PATH}`, { To: 'a' });
    expect(check(PATH, form('To=a', signature))).toBe(true);
    for (const other of [
      ` ${signature}`,
      signature.slice(0, -1),
      `${signature}=`,
      `${signature},${signature}`,
    ])
      expect(check(PATH, form('To=a', other))).toBe(false);
  });

  test('covers JSON by its hash in the URL, and nothing else does', () => {
    const body = '{"to":"+15005550006"}';
    const target = `${PATH}?bodySHA256=${twilio.getExpectedBodyHash(body)}`;
    const headers = {
      'content-type': 'application/json',
      'x-twilio-signature': sign(`${PUBLIC_URL}${target}`),
    };
    expect(check(target, { headers, body })).toBe(true);
    expect(check(target, { headers, body, base64: true })).toBe(true);
    expect(check(target, { headers, body: '{"to":"+15005550007"}' })).toBe(false);
    // The URL is signed rightly, but nothing says that this body belongs to it.
    const bare = { 'content-type': 'application/json', 'x-twilio-signature': sign(`${PUBLIC_URL}${PATH}`) };
    expect(check(PATH, { headers: bare, body })).toBe(false);
    expect(check(PATH, { headers: { 'x-twilio-signature': sign(`${PUBLIC_URL}${PATH}`) } })).toBe(true);
  });

  test('made with another token, an empty or a missing one is wrong', () => {
    const other = createHmac('sha1', '54321').update(`${PUBLIC_URL}${PATH}Toa`).digest('base64');
    expect(check(PATH, form('To=a', other))).toBe(false);
    expect(check(PATH, form('To=a', ''))).toBe(false);
    expect(check(PATH, { headers: { 'content-type': FORM }, body: 'To=a' })).toBe(false);
  });

  test('is judged as Twilio’s own SDK judges it', () => {
    const name = fc.oneof(
      fc.stringMatching(/^[A-Za-z]{1,8}$/),
      fc.constantFrom('', '0', '10', '9', '__proto__', '+', '%41', 'é', '\u{1f600}', '\uffee', 'a&b=c'),
      fc.string({ unit: 'grapheme' }),
    );
    const value = fc.oneof(
      fc.string(),
      fc.constantFrom('', '+', '%', '%2B', 'é', '\u{1f600}', '\uffee', 'z'),
    );
    fc.assert(
      fc.property(
        fc.array(fc.tuple(name, value), { maxLength: 6 }),
        fc.constantFrom('', '?a=1&b=%2B2', '?x=%20y'),
        fc.constantFrom('right', 'token', 'body', 'path'),
        (parameters, query, spoil) => {
          const pairs = parameters.map(([key, one]): [string, string] => [
            key.toWellFormed(),
            one.toWellFormed(),
          ]);
          const sent = new URLSearchParams(pairs);
          const asReceived: Record<string, string[]> = Object.create(null);
          for (const key of sent.keys()) asReceived[key] = sent.getAll(key);
          const url = `${PUBLIC_URL}${PATH}${query}`;
          const signature = twilio.getExpectedTwilioSignature(
            spoil === 'token' ? '1' : TOKEN,
            url,
            asReceived,
          );
          if (spoil === 'body') {
            sent.append('Z', 'z');
            asReceived['Z'] = [...(asReceived['Z'] ?? []), 'z'];
          }
          const target = `${PATH}${spoil === 'path' ? '/' : ''}${query}`;
          const verdict = twilio.validateRequest(TOKEN, signature, `${PUBLIC_URL}${target}`, asReceived);
          expect(check(target, form(sent.toString(), signature))).toBe(verdict);
        },
      ),
      { numRuns: 500 },
    );
  });
});

describe('a customer-owned key', () => {
  const SID = 'webhooks_sharedkey_01k5';
  const KEY = 'the secret of a shared key';
  const SETTINGS = `key=${SID},algorithm=HMAC_SHA256`;
  const key = { sid: SID, secret: KEY };
  const other = { sid: 'webhooks_sharedkey_02k5', secret: 'the secret of its successor' };
  const signed = `${PUBLIC_URL}${PATH}Toa`;
  const hmac = (hash: string, by: string) => createHmac(hash, by).update(signed).digest('base64');
  const sha256 = hmac('sha256', KEY);
  const withSettings = (settings: string, signature: string) => ({
    headers: {
      'content-type': FORM,
      'X-Twilio-Signature': signature,
      'X-Twilio-Webhooks-Signature-Settings': settings,
    },
    body: 'To=a',
  });
  const keys = secretWith({ authToken: TOKEN, signatureKeys: [key] });
  const checkKey = (settings: string, signature: string, among = keys) =>
    check(PATH, withSettings(settings, signature), PUBLIC_URL, among);

  test('signs the same text with SHA-256, without any Auth Token', () => {
    expect(checkKey(SETTINGS, sha256)).toBe(true);
    expect(checkKey(SETTINGS, sha256, secretWith({ authToken: undefined, signatureKeys: [key] }))).toBe(true);
    expect(checkKey(SETTINGS, hmac('sha256', TOKEN))).toBe(false);
    expect(checkKey(SETTINGS, hmac('sha256', 'another key'))).toBe(false);
    expect(checkKey(SETTINGS, sha256, secretWith({ signatureKeys: [] }))).toBe(false);
    // Without the header it is the Auth Token's signature, which no shared key makes.
    expect(check(PATH, form('To=a', sha256), PUBLIC_URL, keys)).toBe(false);
    expect(check(PATH, form('To=a', hmac('sha1', KEY)), PUBLIC_URL, keys)).toBe(false);
  });

  test('covers JSON by its hash in the URL', () => {
    const body = '{"to":"+15005550006"}';
    const target = `${PATH}?bodySHA256=${twilio.getExpectedBodyHash(body)}`;
    const signature = createHmac('sha256', KEY).update(`${PUBLIC_URL}${target}`).digest('base64');
    const { headers } = withSettings(SETTINGS, signature);
    const request = { headers: { ...headers, 'content-type': 'application/json' }, body };
    expect(check(target, request, PUBLIC_URL, keys)).toBe(true);
    expect(check(target, { ...request, body: `${body} ` }, PUBLIC_URL, keys)).toBe(false);
  });

  test('may be one of two during a rotation', () => {
    const both = secretWith({ signatureKeys: [key, other] });
    expect(checkKey(SETTINGS, sha256, both)).toBe(true);
    const successor = `key=${other.sid},algorithm=HMAC_SHA256`;
    expect(checkKey(successor, hmac('sha256', other.secret), both)).toBe(true);
    // The header says which one: the right signature under the other's name is wrong.
    expect(checkKey(successor, sha256, both)).toBe(false);
  });

  test('is judged as Twilio’s own SDK judges it, whatever the header says', () => {
    const part = fc.oneof(
      fc.constantFrom(
        `key=${SID}`,
        'algorithm=HMAC_SHA256',
        'algorithm=HMAC_SHA1',
        ' algorithm = hmac_sha256 ',
        'algorithm=',
        'Algorithm=HMAC_SHA256',
        'algorithm=HMAC_SHA512',
        'version=2',
      ),
      fc.string(),
    );
    const settingsOf = fc.array(part, { maxLength: 5 }).map((parts) => parts.join(','));
    const makers = fc
      .constantFrom('sha1', 'sha256')
      .chain((hash) => fc.constantFrom(TOKEN, KEY).map((by) => ({ by, signature: hmac(hash, by) })));
    fc.assert(
      fc.property(settingsOf, makers, (settings, { by, signature }) => {
        const algorithm = twilio.getSignatureAlgorithm(settings);
        const judged = twilio.validateRequest(by, signature, `${PUBLIC_URL}${PATH}`, { To: 'a' }, algorithm);
        const values = (name: string) =>
          settings.split(',').flatMap((one) => {
            const [found = '', ...value] = one.split('=');
            return found.trim() === name ? [value.join('=').trim()] : [];
          });
        // The SDK is told the key; which one it is, the header says.
        const named = values('algorithm').some(Boolean) ? values('key').find(Boolean) : undefined;
        const isThatKey = by === KEY ? named === SID : named === undefined;
        const isShaTwoFiftySix = algorithm.toUpperCase() === 'HMAC_SHA256';
        const expected = judged && isThatKey && !(isShaTwoFiftySix && named === undefined);
        expect(checkKey(settings, signature)).toBe(expected);
      }),
      { numRuns: 500 },
    );
  });

  test.each([
    ['the other order', `algorithm=HMAC_SHA256,key=${SID}`, sha256, true],
    ['spaces', ` key = ${SID} , algorithm = HMAC_SHA256 `, sha256, true],
    ['lower case', `key=${SID},algorithm=hmac_sha256`, sha256, true],
    ['an empty part', `key=${SID},,algorithm=,algorithm=HMAC_SHA256`, sha256, true],
    ['more parts', `version=2,key=${SID},algorithm=HMAC_SHA256`, sha256, true],
    ['the older hash', `key=${SID},algorithm=HMAC_SHA1`, hmac('sha1', KEY), true],
    ['another hash', `key=${SID},algorithm=HMAC_SHA512`, sha256, false],
    ['the hash of another', `key=${SID},algorithm=HMAC_SHA256`, hmac('sha1', KEY), false],
    ['an unknown key', 'key=webhooks_sharedkey_03k5,algorithm=HMAC_SHA256', sha256, false],
    ['no key', 'algorithm=HMAC_SHA256', sha256, false],
    ['no algorithm', `key=${SID}`, sha256, false],
    ['no algorithm: the Auth Token', `key=${SID}`, hmac('sha1', TOKEN), true],
    ['nothing: the Auth Token', '', hmac('sha1', TOKEN), true],
    ['the Auth Token under a named key', SETTINGS, hmac('sha1', TOKEN), false],
  ])('with %s in the header', (_, settings, signature, isRight) => {
    expect(checkKey(settings, signature)).toBe(isRight);
  });
});
