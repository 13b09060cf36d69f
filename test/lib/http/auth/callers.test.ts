import { createHash, createHmac } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { checkConfig } from '../../../../lib/config/configuration.ts';
import { SecretUnavailableError } from '../../../../lib/config/secret.ts';
import {
  admin,
  configInput,
  NOW,
  PUBLIC_URL,
  reader,
  secretInput,
  secretSource,
  surveyor,
  WEBHOOK_SECRET,
  WELCOME,
} from '../../../support/http/api.ts';
import { catching } from '../../../support/http/catching.ts';
import { webhookHeaders } from '../../../support/http/signed.ts';

const EXECUTION = `FN${'1'.repeat(32)}`;
const target = 'POST /flows/welcome/executions';
const to = '+15005550006';

describe('who may call', () => {
  test.each([
    ['no credentials', {}],
    ['a wrong token', { authorization: 'Bearer wrong' }],
    ['another scheme', { authorization: 'Basic YWRtaW4tdG9rZW46' }],
    [
      'a wrong token beside a right signature',
      { authorization: 'Bearer wrong', 'x-twilio-signature': sign('To=client:ada') },
    ],
    ['an empty webhook signature', { 'webhook-signature': '' }],
  ])('%s: 401, which says nothing more', async (_, headers) => {
    const { call, seen } = catching();
    const {
      status,
      body,
      headers: answered,
    } = await call(target, {
      headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
      body: 'To=client:ada',
    });
    expect(status).toBe(401);
    expect(answered).toMatchObject({
      'www-authenticate': 'Bearer',
      'content-type': 'application/problem+json',
    });
    expect(body).toEqual({
      type: '/problems/unauthenticated',
      title: 'Who is calling is not known',
      status: 401,
      detail: 'Credentials are missing or wrong.',
      instance: 'request-1',
    });
    expect(seen).toEqual([]);
  });

  test('a scope that is missing: 403', async () => {
    const { call, seen } = catching();
    const { status, body } = await call(target, { headers: reader, json: { to } });
    expect([status, body.type]).toEqual([403, '/problems/forbidden']);
    const context = await call(`GET /flows/welcome/executions/${EXECUTION}/context`, { headers: reader });
    expect(context.status).toBe(403);
    expect(seen).toEqual([]);
  });

  test('a flow that is not the caller’s: 403; one that is not configured: 404', async () => {
    const { call, seen } = catching();
    expect((await call(target, { headers: surveyor, json: { to } })).status).toBe(403);
    expect((await call(target.replace('welcome', WELCOME), { headers: surveyor, json: { to } })).status).toBe(
      403,
    );
    const unknown = await call('POST /flows/nothing/executions', { headers: surveyor, json: { to } });
    expect([unknown.status, unknown.body.type]).toEqual([404, '/problems/unknown-flow']);
    expect((await call('POST /flows/survey/executions', { headers: surveyor, json: { to } })).status).toBe(
      200,
    );
    expect(seen).toHaveLength(1);
  });

  test('a signed webhook is its sender’s', async () => {
    const { call, seen } = catching();
    const body = JSON.stringify({ to });
    const signedOver = (what: string) => ({
      'content-type': 'application/json',
      ...webhookHeaders(WEBHOOK_SECRET, what, 'msg_1', new Date(NOW)),
    });
    const headers = signedOver(body);
    expect((await call(target, { headers, body })).status).toBe(200);
    expect((await call(target, { headers, body, base64: true })).status).toBe(200);
    expect(seen[0]).toMatchObject({
      caller: { id: 'webhook:crm', kind: 'webhook', flows: null },
      key: 'msg_1',
    });
    expect((await call(target, { headers, body: `${body} ` })).status).toBe(401);
    // A replay is not made another request by a header that nobody signed.
    await call(target, { headers: { ...headers, 'idempotency-key': 'of-the-attacker' }, body });
    expect(seen.map(({ key }) => key)).toEqual(['msg_1', 'msg_1', 'msg_1']);
    // What it was not given, it may not.
    expect((await call('GET /flows/welcome/executions', { headers: signedOver('') })).status).toBe(403);
  });

  test('a request signed by Twilio gets the scopes of the configuration, as form and as JSON', async () => {
    const { call, seen } = catching();
    const form = {
      'content-type': 'application/x-www-form-urlencoded',
      'x-twilio-signature': sign('To=client:ada'),
    };
    expect((await call(target, { headers: form, body: 'To=client:ada' })).status).toBe(200);
    expect(seen[0]).toMatchObject({
      caller: { id: 'twilio:twilio', scopes: ['trigger'] },
      body: { to: 'client:ada' },
    });
    expect(seen[0]?.key).toMatch(/^signed:[0-9a-f]{64}$/);
    expect(seen[0]?.unsignedKey).toBeNull();

    const body = JSON.stringify({ to });
    const path = `/flows/welcome/executions?bodySHA256=${createHash('sha256').update(body).digest('hex')}`;
    const signature = createHmac('sha1', '12345').update(`${PUBLIC_URL}${path}`).digest('base64');
    const json = { 'content-type': 'application/json', 'x-twilio-signature': signature };
    expect((await call(`POST ${path}`, { headers: json, body })).status).toBe(200);
    // To anybody else it is a parameter that the route does not have.
    expect((await call(`POST ${path}`, { headers: { ...admin, ...json }, body })).status).toBe(422);
  });

  describe('a captured signature opens the trigger and nothing else, whatever scopes it has', () => {
    const scopes = ['trigger', 'read', 'read:personal', 'end', 'purge'] as const;
    const secret = secretSource({
      ...secretInput,
      webhooks: [{ name: 'crm', secret: WEBHOOK_SECRET, scopes }],
    });
    // Checked configurations cannot grant so much to Twilio.
    const config = {
      ...checkConfig(configInput),
      twilioWebhooks: { scopes: [...scopes], allowRepeats: false },
    };
    const closed = [
      'GET /flows/welcome/executions',
      `GET /flows/welcome/executions/${EXECUTION}`,
      `GET /flows/welcome/executions/${EXECUTION}/context`,
      `DELETE /flows/welcome/executions/${EXECUTION}`,
      `GET /purges/pu-1`,
      'POST /purges',
    ];

    test.each(closed)('%s: 403 for a right signature, 401 for a wrong one', async (route) => {
      const { call, seen } = catching({ config, secret });
      const [, path = ''] = route.split(' ');
      const twilio = createHmac('sha1', '12345').update(`${PUBLIC_URL}${path}`).digest('base64');
      const signed = [
        { 'x-twilio-signature': twilio },
        webhookHeaders(WEBHOOK_SECRET, '', 'msg_1', new Date(NOW)),
      ];
      for (const headers of signed) {
        const { status, body } = await call(route, { headers });
        expect([status, body.type]).toEqual([403, '/problems/forbidden']);
        expect((await call(route, { headers, body: 'x' })).status).toBe(401);
      }
      expect(seen).toEqual([]);
    });
  });

  test('Twilio and IAM callers may be limited to flows, by alias or SID', async () => {
    const limited = checkConfig({
      ...configInput,
      twilioWebhooks: { scopes: ['trigger'], flows: ['survey'] },
    });
    const form = (path: string) => ({
      'content-type': 'application/x-www-form-urlencoded',
      'x-twilio-signature': createHmac('sha1', '12345')
        .update(`${PUBLIC_URL}${path}Toclient:ada`)
        .digest('base64'),
    });
    const iam = { userArn: 'arn:aws:iam::123456789012:user/ann' };
    const statuses = async (flows: string[], flow: string) => {
      const { call } = catching({
        config: limited,
        environment: { iamScopes: ['trigger'], iamFlows: flows },
      });
      const path = `/flows/${flow}/executions`;
      const twilio = await call(`POST ${path}`, { headers: form(path), body: 'To=client:ada' });
      return [twilio.status, (await call(`POST ${path}`, { iam, json: { to } })).status];
    };
    expect(await statuses([WELCOME], 'welcome')).toEqual([403, 200]);
    expect(await statuses(['welcome'], WELCOME)).toEqual([403, 200]);
    expect(await statuses(['welcome'], 'survey')).toEqual([200, 403]);
    // A flow that is configured no more is none: the limit does not fall away with it.
    expect(await statuses(['gone'], 'survey')).toEqual([200, 403]);
  });

  test('what Twilio signed is the same request with another token, URL spelling, form order or key header', async () => {
    const { call, seen } = catching({
      config: checkConfig({ ...configInput, publicUrl: 'https://api.example.com/prod' }),
      secret: secretSource({ ...secretInput, authToken: 'new', secondaryAuthToken: '12345' }),
    });
    const path = '/flows/welcome/executions';
    const form = ['From=%2B15005550007', 'To=%2B15005550006'];
    const send = async (token: string, origin: string, isReversed: boolean, more: object = {}) => {
      const signature = createHmac('sha1', token)
        .update(`${origin}/prod${path}From+15005550007To${to}`)
        .digest('base64');
      const { status } = await call(target, {
        headers: {
          'content-type': 'application/x-www-form-urlencoded',
          'x-twilio-signature': signature,
          ...more,
        },
        body: (isReversed ? form.toReversed() : form).join('&'),
      });
      expect(status).toBe(200);
    };
    await send('12345', 'https://api.example.com', false);
    await send('new', 'https://api.example.com:443', false, { 'webhook-id': 'a' });
    await send('new', 'https://api.example.com', true, { 'idempotency-key': 'b', 'webhook-id': 'a' });
    await send('12345', 'https://api.example.com:443', true, { 'i-twilio-idempotency-token': 'c' });
    expect(new Set(seen.map(({ key }) => key)).size).toBe(1);
    expect(seen.map(({ unsignedKey }) => unsignedKey)).toEqual([null, 'a', 'b', 'c']);
  });

  test('with allowRepeats the key header counts, and without one what was signed', async () => {
    const { call, seen } = catching({
      config: checkConfig({ ...configInput, twilioWebhooks: { scopes: ['trigger'], allowRepeats: true } }),
    });
    const form = {
      'content-type': 'application/x-www-form-urlencoded',
      'x-twilio-signature': sign('To=client:ada'),
    };
    await call(target, { headers: form, body: 'To=client:ada' });
    await call(target, { headers: { ...form, 'idempotency-key': 'k' }, body: 'To=client:ada' });
    expect(seen[0]?.key).toMatch(/^signed:/);
    expect(seen[1]?.key).toBe('k');
    expect(seen.map(({ unsignedKey }) => unsignedKey)).toEqual([undefined, undefined]);
  });

  test('while Twilio’s Auth Token is being changed, both are taken, and no third one', async () => {
    const form = {
      'content-type': 'application/x-www-form-urlencoded',
      'x-twilio-signature': sign('To=client:ada'),
    };
    const statusWith = async (authToken: string, secondaryAuthToken: string) => {
      const { call } = catching({ secret: secretSource({ ...secretInput, authToken, secondaryAuthToken }) });
      return (await call(target, { headers: form, body: 'To=client:ada' })).status;
    };
    expect(await statusWith('12345', 'new')).toBe(200);
    expect(await statusWith('new', '12345')).toBe(200);
    expect(await statusWith('new', 'newer')).toBe(401);
  });

  test.each([
    ['no scopes for Twilio', { config: checkConfig({ flows: configInput.flows, publicUrl: PUBLIC_URL }) }],
    [
      'no public URL',
      { config: checkConfig({ flows: configInput.flows, twilioWebhooks: { scopes: ['trigger'] } }) },
    ],
    ['no Auth Token', { secret: secretSource({ ...secretInput, authToken: undefined }) }],
  ])('Twilio is nobody with %s', async (_, runtime) => {
    const { call } = catching(runtime);
    const headers = {
      'content-type': 'application/x-www-form-urlencoded',
      'x-twilio-signature': sign('To=client:ada'),
    };
    expect((await call(target, { headers, body: 'To=client:ada' })).status).toBe(401);
  });

  test('an IAM caller is somebody only where the deployment turned it on', async () => {
    const iam = {
      userArn: 'arn:aws:sts::123456789012:assumed-role/Deployer/session',
      accountId: '123456789012',
    };
    expect((await catching().call(target, { iam, json: { to } })).status).toBe(401);
    const on = catching({ environment: { iamScopes: ['trigger'] } });
    expect((await on.call(target, { iam, json: { to } })).status).toBe(200);
    expect(on.seen[0]?.caller).toMatchObject({ id: 'iam:123456789012/role/Deployer', scopes: ['trigger'] });
    expect((await on.call('GET /flows/welcome/executions', { iam })).status).toBe(403);
    expect((await on.call(target, { json: { to } })).status).toBe(401);
  });

  test('health needs nobody, and neither does a route that does not exist', async () => {
    const { call } = catching();
    expect((await call('GET /health')).status).toBe(200);
    for (const nowhere of ['GET /', 'PATCH /flows', 'GET /flows/welcome/executions/x/y/z'])
      expect((await call(nowhere)).body).toMatchObject({ status: 404, type: '/problems/unknown-route' });
  });
});

describe('the secret’s rotation', () => {
  test('a token that is newer than the cached secret is read again, once, and let in', async () => {
    const secret = secretSource();
    secret.stored = { ...secretInput, callers: [{ name: 'new', token: 'fresh-token', scopes: ['trigger'] }] };
    const { call, seen } = catching({ secret });
    expect(
      (await call(target, { headers: { authorization: 'Bearer fresh-token' }, json: { to } })).status,
    ).toBe(200);
    expect(seen[0]?.caller?.name).toBe('new');
    expect(secret.refreshes).toBe(1);
    expect((await call(target, { headers: admin, json: { to } })).status).toBe(401);
  });

  test('nobody makes it read by sending nothing', async () => {
    const secret = secretSource();
    await catching({ secret }).call(target, { json: { to } });
    expect(secret.refreshes).toBe(0);
  });

  test('a secret that cannot be read again is a 401; one that was never read, a 503 without a reason', async () => {
    const noSecret = new SecretUnavailableError('no secret', { cause: new Error('hunter2') });
    const secret = { ...secretSource(), refresh: () => Promise.reject(noSecret) };
    expect((await catching({ secret }).call(target, { headers: { authorization: 'Bearer x' } })).status).toBe(
      401,
    );
    const broken = catching({ secret: { ...secret, get: secret.refresh } });
    const { status, headers, text } = await broken.call(target, { headers: admin, json: { to } });
    expect([status, headers['retry-after']]).toEqual([503, '5']);
    expect(text + broken.written.join()).not.toContain('hunter2');
    expect(broken.lines()[0]).toMatchObject({ level: 'ERROR', outcome: 'unavailable' });
  });
});

function sign(form: string): string {
  const [key, value] = form.split('=');
  return createHmac('sha1', '12345')
    .update(`${PUBLIC_URL}/flows/welcome/executions${key}${value}`)
    .digest('base64');
}
