import { createHash, createHmac } from 'node:crypto';
import twilio from 'twilio';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { webhookHeaders } from '../../support/http/signed.ts';
import { configInput, startWorld, type World } from '../../support/local/world.ts';

/**
 * Every kind of caller through the gateway, with form bodies as API Gateway passes them on (base64) and as
 * other emulators do (plain): signatures are over what was sent, not over what arrived.
 */

const AUTH_TOKEN = 'local-auth-token';
const SHARED_KEY = { sid: 'webhooks_sharedkey_01k5', secret: 'the secret of a shared key' };
const WEBHOOK_SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';

describe.each(['base64', 'plain'] as const)('with %s form bodies', (formBodies) => {
  let world: World;
  let contact = 0;

  beforeAll(async () => {
    world = await startWorld({
      formBodies,
      configInput: { ...configInput, twilioWebhooks: { scopes: ['trigger'] } },
      secret: {
        authToken: AUTH_TOKEN,
        signatureKeys: [SHARED_KEY],
        webhooks: [{ name: 'crm', secret: WEBHOOK_SECRET, scopes: ['trigger'] }],
      },
    });
  });
  afterAll(() => world.local.close());

  const path = '/flows/welcome/executions';
  const nextContact = () => `+1500555${String(1000 + contact++)}`;

  const signed = (body: string, id: string) => webhookHeaders(WEBHOOK_SECRET, body, id, new Date());

  test('a Standard Webhook triggers, and its repetition does not', async () => {
    const body = JSON.stringify({ to: nextContact() });
    const send = () =>
      world.call('POST', path, {
        token: null,
        body,
        headers: { 'content-type': 'application/json', ...signed(body, 'msg_1') },
      });
    expect((await send()).status).toBe(201);
    const again = await send();
    expect([again.status, again.headers.get('idempotent-replayed')]).toEqual([201, 'true']);
  });

  test('a Standard Webhook with a form triggers', async () => {
    const body = new URLSearchParams({ To: nextContact() }).toString();
    const { status } = await world.call('POST', path, {
      token: null,
      body,
      headers: { 'content-type': 'application/x-www-form-urlencoded', ...signed(body, 'msg_2') },
    });
    expect(status).toBe(201);
  });

  test('a Standard Webhook whose body was changed on the way is refused', async () => {
    const body = JSON.stringify({ to: nextContact() });
    const { status } = await world.call('POST', path, {
      token: null,
      body: body.replace('5001', '5002').replace('+1500', '+1501'),
      headers: { 'content-type': 'application/json', ...signed(body, 'msg_3') },
    });
    expect(status).toBe(401);
  });

  test('a form that Twilio signed triggers', async () => {
    const parameters = { To: nextContact(), Parameters: '{"a b":"c&d"}' };
    const signature = twilio.getExpectedTwilioSignature(AUTH_TOKEN, `${world.local.url}${path}`, parameters);
    const send = (headers: Record<string, string>) =>
      world.call('POST', path, {
        token: null,
        body: new URLSearchParams(parameters),
        headers: { 'i-twilio-idempotency-token': 'token-1', ...headers },
      });
    expect((await send({ 'x-twilio-signature': 'AAAA' })).status).toBe(401);
    expect((await send({ 'x-twilio-signature': signature })).status).toBe(201);
  });

  test('a request that Twilio signed with a shared key triggers once, whatever unsigned key comes with it', async () => {
    const body = new URLSearchParams({ To: nextContact() });
    const text = `${world.local.url}${path}${[...body].flat().join('')}`;
    const send = async (headers: Record<string, string>) => {
      const { status, headers: answered } = await world.call('POST', path, {
        token: null,
        body,
        headers: {
          'x-twilio-signature': createHmac('sha256', SHARED_KEY.secret).update(text).digest('base64'),
          'x-twilio-webhooks-signature-settings': `key=${SHARED_KEY.sid},algorithm=HMAC_SHA256`,
          ...headers,
        },
      });
      return [status, answered.get('idempotent-replayed')];
    };
    world.studio.behave({ endAfterMs: 1 });
    const before = [...world.studio.store.list({})].length;
    expect(await send({ 'i-twilio-idempotency-token': 't3' })).toEqual([201, null]);
    expect(await send({ 'i-twilio-idempotency-token': 't3' })).toEqual([201, 'true']);
    expect(await send({ 'idempotency-key': 'of-the-attacker' })).toEqual([409, null]);
    expect(await send({})).toEqual([201, 'true']);
    expect([...world.studio.store.list({})]).toHaveLength(before + 1);
  });

  test('JSON that Twilio signed triggers, by the hash in its address', async () => {
    const body = JSON.stringify({ to: nextContact() });
    const address = `${path}?bodySHA256=${createHash('sha256').update(body).digest('hex')}`;
    const signature = createHmac('sha1', AUTH_TOKEN).update(`${world.local.url}${address}`).digest('base64');
    const { status } = await world.call('POST', address, {
      token: null,
      body,
      headers: {
        'content-type': 'application/json',
        'x-twilio-signature': signature,
        'i-twilio-idempotency-token': 't2',
      },
    });
    expect(status).toBe(201);
  });
});
