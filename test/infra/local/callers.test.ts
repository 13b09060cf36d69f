import { createHash, createHmac } from 'node:crypto';
import twilio from 'twilio';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { webhookHeaders } from '../../lib/http/signed.ts';
import { configInput, startWorld, type World } from './fixtures/world.ts';

/**
 * Every kind of caller through the gateway, with form bodies as API Gateway passes them on (base64) and as
 * other emulators do (plain): signatures are over what was sent, not over what arrived.
 */

const AUTH_TOKEN = 'local-auth-token';
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
