import fc from 'fast-check';
import { Webhook } from 'standardwebhooks';
import { describe, expect, test } from 'vitest';
import { readSecret, type Secret } from '../../../../lib/config/secret.ts';
import { findWebhook, readWebhookRequest } from '../../../../lib/http/auth/webhook.ts';
import { type Received, readEvent } from '../../../../lib/http/event/event.ts';
import { secretInput, WEBHOOK_SECRET } from '../../../support/http/api.ts';
import { eventOf } from '../../../support/http/events.ts';

const OTHER_SECRET = `whsec_${Buffer.from('another secret of thirty-two bytes').toString('base64')}`;

type Signed = { id?: string; timestamp?: string; signature?: string; body: string | Buffer };

function received({ id, timestamp, signature, body }: Signed, base64 = false) {
  const headers = {
    ...(id === undefined ? {} : { 'Webhook-Id': id }),
    ...(timestamp === undefined ? {} : { 'Webhook-Timestamp': timestamp }),
    ...(signature === undefined ? {} : { 'Webhook-Signature': signature }),
  };
  return readEvent(eventOf('POST /flows/welcome/executions', { headers, body, base64 }), {
    awsRequestId: 'lambda-1',
  });
}

function find(among: Secret, sent: Received, nowMs: number) {
  const request = readWebhookRequest(sent, nowMs);
  return request && findWebhook(among, request);
}

function secretWith(...secrets: string[]) {
  const webhooks = secrets.map((secret, at) => ({ name: `sender-${at}`, secret, scopes: ['trigger'] }));
  return readSecret(JSON.stringify({ ...secretInput, webhooks }));
}

/** The example of the specification. */
const example = {
  id: 'msg_p5jXN8AQM9LWM0D4loKWxJek',
  timestamp: '1614265330',
  body: '{"test": 2432232314}',
  signature: 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
};
const EXAMPLE_MS = 1_614_265_330_000;
const secret = secretWith(WEBHOOK_SECRET);

describe('a Standard Webhook', () => {
  test('with the signature of the specification’s example is its sender’s', () => {
    expect(find(secret, received(example), EXAMPLE_MS)?.name).toBe('sender-0');
    expect(find(secret, received(example, true), EXAMPLE_MS)?.name).toBe('sender-0');
  });

  test.each([-300, 0, 300])('is taken %i s away from its timestamp', (seconds) => {
    expect(find(secret, received(example), EXAMPLE_MS + seconds * 1_000)).not.toBeNull();
  });

  test.each([-301, 301])('is refused %i s away from its timestamp', (seconds) => {
    expect(find(secret, received(example), EXAMPLE_MS + seconds * 1_000)).toBeNull();
  });

  test('may carry several signatures, of which one is right', () => {
    const signature = `v1a,AAAA v1,AAAA ${example.signature} v1,`;
    expect(find(secret, received({ ...example, signature }), EXAMPLE_MS)).not.toBeNull();
  });

  test('may be signed with the old or the new of two secrets', () => {
    for (const both of [secretWith(OTHER_SECRET, WEBHOOK_SECRET), secretWith(WEBHOOK_SECRET, OTHER_SECRET)])
      expect(find(both, received(example), EXAMPLE_MS)).not.toBeNull();
  });

  test.each<[string, Partial<Signed>]>([
    ['another body', { body: '{"test": 2432232315}' }],
    ['another id', { id: 'msg_other' }],
    ['another timestamp', { timestamp: '1614265331' }],
    ['no signature that is v1', { signature: example.signature.replace('v1', 'v2') }],
    ['no signature', { signature: '' }],
    ['no id', { id: '' }],
    ['a timestamp that is no whole number', { timestamp: '1614265330.0' }],
    ['a timestamp with something behind it', { timestamp: '1614265330 ' }],
    ['no timestamp', { timestamp: '' }],
  ])('with %s is refused', (_, change) => {
    expect(find(secret, received({ ...example, ...change }), EXAMPLE_MS)).toBeNull();
  });

  test('of another secret is refused', () => {
    expect(find(secretWith(OTHER_SECRET), received(example), EXAMPLE_MS)).toBeNull();
    expect(find(secretWith(), received(example), EXAMPLE_MS)).toBeNull();
  });

  test('is judged as the library of Standard Webhooks judges it', () => {
    const judge = new Webhook(WEBHOOK_SECRET);
    fc.assert(
      fc.property(
        fc.string(),
        fc.stringMatching(/^[\w.-]{1,40}$/),
        fc.integer({ min: -400, max: 400 }),
        fc.boolean(),
        (body, id, ageSeconds, isSpoilt) => {
          // The judge looks at the real clock, so the webhook is signed relative to it.
          const nowMs = Date.now();
          const at = new Date(nowMs - ageSeconds * 1_000);
          const signature = judge.sign(id, at, body);
          const timestamp = String(Math.floor(at.getTime() / 1_000));
          const sent = isSpoilt ? `${body} ` : body;
          const headers = {
            'webhook-id': id,
            'webhook-timestamp': timestamp,
            'webhook-signature': signature,
          };
          // A second may pass between the two looks at the clock.
          fc.pre(Math.abs(Math.abs(ageSeconds) - 300) > 2);
          let verdict = true;
          try {
            judge.verify(sent, headers, { jsonParse: false });
          } catch {
            verdict = false;
          }
          expect(find(secret, received({ id, timestamp, signature, body: sent }), nowMs) !== null).toBe(
            verdict,
          );
        },
      ),
      { numRuns: 300 },
    );
  });
});
