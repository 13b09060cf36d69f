import { createHash, createHmac } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import { describe, expect, test } from 'vitest';
import { checkConfig } from '../../../lib/config.ts';
import { Problem } from '../../../lib/http/problems.ts';
import type { AdmittedRequest, Caller, Handlers } from '../../../lib/http/request.ts';
import { StudioError } from '../../../lib/studio/errors.ts';
import {
  admin,
  apiOver,
  configInput,
  NOW,
  PUBLIC_URL,
  reader,
  secretInput,
  secretSource,
  surveyor,
  WEBHOOK_SECRET,
  WELCOME,
} from './api.ts';

const TRIGGER = 'POST /flows/{flow}/executions';
const EXECUTION = `FN${'1'.repeat(32)}`;

type Seen = Pick<AdmittedRequest, 'caller' | 'body' | 'query' | 'idempotencyKey'>;

/** Answers whatever gets in, and remembers it. */
function catching(runtime: Parameters<typeof apiOver>[1] = {}) {
  const seen: { caller: Caller | null; body: unknown; key: string | null; query: unknown }[] = [];
  const answer = async (request: Seen) => {
    const { caller, body, query, idempotencyKey: key } = request;
    seen.push({ caller, body, query, key });
    return { status: 200, body: { outcome: 'ok' } };
  };
  const handlers: Handlers = {
    [TRIGGER]: answer,
    'GET /flows/{flow}/executions': answer,
    'GET /flows/{flow}/executions/{execution}': answer,
    'GET /flows/{flow}/executions/{execution}/context': answer,
    'DELETE /flows/{flow}/executions/{execution}': answer,
    'POST /purges': answer,
    'GET /purges/{purge}': answer,
    'GET /health': answer,
  };
  return { ...apiOver(handlers, runtime), seen };
}

const target = 'POST /flows/welcome/executions';
const to = '+15005550006';

describe('who may call', () => {
  test.each([
    ['no credentials', {}],
    ['a wrong token', { authorization: 'Bearer wrong' }],
    ['another scheme', { authorization: 'Basic YWRtaW4tdG9rZW46' }],
    [
      'a wrong token beside a right signature',
      { authorization: 'Bearer wrong', 'x-twilio-signature': sign('To=1') },
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
      body: 'To=1',
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
    const signature = new Webhook(WEBHOOK_SECRET).sign('msg_1', new Date(NOW), body);
    const headers = {
      'Content-Type': 'application/json',
      'Webhook-Id': 'msg_1',
      'Webhook-Timestamp': String(NOW / 1_000),
      'Webhook-Signature': signature,
    };
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
    const read = new Webhook(WEBHOOK_SECRET).sign('msg_1', new Date(NOW), '');
    expect(
      (await call('GET /flows/welcome/executions', { headers: { ...headers, 'Webhook-Signature': read } }))
        .status,
    ).toBe(403);
  });

  test('a request signed by Twilio gets the scopes of the configuration, as form and as JSON', async () => {
    const { call, seen } = catching();
    const form = { 'content-type': 'application/x-www-form-urlencoded', 'x-twilio-signature': sign('To=1') };
    expect((await call(target, { headers: form, body: 'To=1' })).status).toBe(200);
    expect(seen[0]).toMatchObject({
      caller: { id: 'twilio:twilio', scopes: ['trigger'] },
      body: { to: '1' },
    });
    expect(seen[0]?.key).toBe(`signature:${form['x-twilio-signature']}`);

    const body = JSON.stringify({ to });
    const path = `/flows/welcome/executions?bodySHA256=${createHash('sha256').update(body).digest('hex')}`;
    const signature = createHmac('sha1', '12345').update(`${PUBLIC_URL}${path}`).digest('base64');
    const json = { 'content-type': 'application/json', 'x-twilio-signature': signature };
    expect((await call(`POST ${path}`, { headers: json, body })).status).toBe(200);
    // To anybody else it is a parameter that the route does not have.
    expect((await call(`POST ${path}`, { headers: { ...admin, ...json }, body })).status).toBe(422);
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
      'x-twilio-signature': sign('To=1'),
    };
    expect((await call(target, { headers, body: 'To=1' })).status).toBe(401);
  });

  test('an IAM caller is somebody only where the deployment turned it on', async () => {
    const iam = {
      userArn: 'arn:aws:sts::123456789012:assumed-role/Deployer/session',
      accountId: '123456789012',
    };
    expect((await catching().call(target, { iam, json: { to } })).status).toBe(401);
    const on = catching({ environment: { iamScopes: ['trigger'] } });
    expect((await on.call(target, { iam, json: { to } })).status).toBe(200);
    expect(on.seen[0]?.caller).toMatchObject({ id: 'iam:123456789012/Deployer', scopes: ['trigger'] });
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
    secret.stored = { ...secretInput, callers: [{ name: 'new', token: 'fresh', scopes: ['trigger'] }] };
    const { call, seen } = catching({ secret });
    expect((await call(target, { headers: { authorization: 'Bearer fresh' }, json: { to } })).status).toBe(
      200,
    );
    expect(seen[0]?.caller?.name).toBe('new');
    expect(secret.refreshes).toBe(1);
    expect((await call(target, { headers: admin, json: { to } })).status).toBe(401);
  });

  test('nobody makes it read by sending nothing', async () => {
    const secret = secretSource();
    await catching({ secret }).call(target, { json: { to } });
    expect(secret.refreshes).toBe(0);
  });

  test('a secret that cannot be read again is a 401; one that was never read, a 500 without a reason', async () => {
    const secret = { ...secretSource(), refresh: () => Promise.reject(new Error('no secret: hunter2')) };
    expect((await catching({ secret }).call(target, { headers: { authorization: 'Bearer x' } })).status).toBe(
      401,
    );
    const broken = catching({ secret: { ...secret, get: secret.refresh } });
    const { status, text } = await broken.call(target, { headers: admin, json: { to } });
    expect(status).toBe(500);
    expect(text + broken.written.join()).not.toContain('hunter2');
    expect(broken.lines()[0]).toMatchObject({ level: 'ERROR', outcome: 'internal', errors: ['Error'] });
  });
});

describe('what gets in', () => {
  test('every mistake is listed, in path, query string and body', async () => {
    const { call, seen } = catching();
    const json = { to: '', onConflict: 'explode', parameters: [], surprise: 1, more: 2 };
    const { status, body } = await call(`${target}?dry=1&dry=2`, { headers: admin, json });
    expect([status, body.type]).toEqual([422, '/problems/invalid-request']);
    expect(body.errors.map(({ pointer }: { pointer: string }) => pointer).toSorted()).toEqual(
      ['?dry', '?dry', '#/more', '#/onConflict', '#/parameters', '#/surprise', '#/to'].toSorted(),
    );
    expect(seen).toEqual([]);
  });

  test('a SID that is none, in the path', async () => {
    const { body } = await catching().call('GET /flows/welcome/executions/FNnope', { headers: admin });
    expect(body.errors).toEqual([
      { detail: 'must be an execution SID: FN and 32 hexadecimal digits', pointer: '{execution}' },
    ]);
  });

  test.each([
    ['limit=0', '?limit'],
    ['limit=1001', '?limit'],
    ['limit=ten', '?limit'],
    ['limit=1e2', '?limit'],
    ['status=Active', '?status'],
    ['dateCreatedFrom=yesterday', '?dateCreatedFrom'],
    ['dateCreatedFrom=2026-02-30', '?dateCreatedFrom'],
    ['dateCreatedTo=2026-11-22T10:00:00', '?dateCreatedTo'],
    ['dateCreatedFrom=2026-11-22&dateCreatedTo=2026-11-21', '?dateCreatedTo'],
    ['contact=+49', null],
    ['contact=+0', '?contact'],
    ['limit=1&limit=2', '?limit'],
    ['page=2', '?page'],
  ])('the query string %s', async (query, pointer) => {
    const { status, body } = await catching().call(`GET /flows/welcome/executions?${query}`, {
      headers: admin,
    });
    if (pointer === null) return expect(status).toBe(200);
    expect(status).toBe(422);
    expect(body.errors.map((one: { pointer: string }) => one.pointer)).toEqual([pointer]);
  });

  test.each([
    ['no body', 'application/json', '', 400, 'malformed-request'],
    ['no JSON', 'application/json', '{"to":', 400, 'malformed-request'],
    [
      'bytes that are no UTF-8',
      'application/json',
      Buffer.from([0x22, 0xff, 0x22]),
      400,
      'malformed-request',
    ],
    ['a list', 'application/json', '[]', 422, 'invalid-request'],
    ['null', 'application/json', 'null', 422, 'invalid-request'],
    ['plain text', 'text/plain', 'hello', 415, 'unsupported-media-type'],
    ['another charset', 'application/json; charset=utf-16', '{}', 415, 'unsupported-media-type'],
    ['XML', 'application/xml', '<to/>', 415, 'unsupported-media-type'],
    ['a name of the prototype', 'application/json', '{"to":"a","__proto__":{"x":1}}', 422, 'invalid-request'],
    ['half a surrogate pair', 'application/json', '{"to":"\\ud800"}', 422, 'invalid-request'],
    [
      'depth',
      'application/json',
      `{"to":"a","parameters":${'{"a":'.repeat(40)}1${'}'.repeat(40)}}`,
      422,
      'invalid-request',
    ],
    [
      'absurd depth',
      'application/json',
      `${'['.repeat(100_000)}${']'.repeat(100_000)}`,
      422,
      'invalid-request',
    ],
    ['256 KB and a byte', 'application/json', ' '.repeat(256 * 1_024 + 1), 413, 'payload-too-large'],
  ])('a body with %s', async (_, contentType, body, expected, slug) => {
    const { call, seen } = catching();
    const reply = await call(target, { headers: { ...admin, 'content-type': contentType }, body });
    expect([reply.status, reply.body.type]).toEqual([expected, `/problems/${slug}`]);
    expect(seen).toEqual([]);
  });

  test('JSON of 256 KB, of a vendor’s type, and without a type', async () => {
    const { call, seen } = catching();
    const body = JSON.stringify({ to, parameters: { text: 'x' } }).padEnd(256 * 1_024);
    for (const contentType of ['application/json; charset=utf-8', 'application/vnd.crm+json', ''])
      expect((await call(target, { headers: { ...admin, 'content-type': contentType }, body })).status).toBe(
        200,
      );
    expect(seen[0]?.body).toEqual({ to, parameters: { text: 'x' } });
  });

  test.each([false, true])('a form, as Twilio writes it (base64: %s)', async (base64) => {
    const { call, seen } = catching();
    const headers = { ...admin, 'content-type': 'application/x-www-form-urlencoded' };
    const body = new URLSearchParams({
      To: to,
      From: '+15017122661',
      Parameters: '{"name":"Zoë"}',
    }).toString();
    expect((await call(target, { headers, body, base64 })).status).toBe(200);
    expect(seen[0]?.body).toEqual({ to, from: '+15017122661', parameters: { name: 'Zoë' } });
    const wrong = await call(target, { headers, body: 'To=a&To=b&Parameters=%7B&Else=1', base64 });
    expect(wrong.body.errors.map((one: { pointer: string }) => one.pointer)).toEqual(
      expect.arrayContaining(['#/to', '#/parameters', '#/Else']),
    );
    const purge = await call('POST /purges', { headers, body: 'flows=all', base64 });
    expect(purge.status).toBe(415);
  });

  test('parameters keep every name that JSON allows them', async () => {
    const { call, seen } = catching();
    const body = '{"to":"a","parameters":{"constructor":1,"prototype":{"toString":2}}}';
    await call(target, { headers: { ...admin, 'content-type': 'application/json' }, body });
    expect(JSON.stringify(seen[0]?.body)).toBe(body);
  });

  test('the purge’s cross-checks', async () => {
    const { call } = catching();
    const { body } = await call('POST /purges', { headers: admin, json: { flows: 'all' } });
    expect(body.errors).toEqual([expect.objectContaining({ pointer: '#/olderThan' })]);
    const both = {
      flows: ['welcome'],
      olderThan: 'P7D',
      dateCreatedTo: '2026-11-01',
      action: 'end',
      archive: true,
    };
    const reply = await call('POST /purges', { headers: admin, json: both });
    expect(reply.body.errors.map((one: { pointer: string }) => one.pointer)).toEqual([
      '#/olderThan',
      '#/archive',
    ]);
  });

  test('every mistake of a purge at once: the flow, the status and the age that is missing', async () => {
    const { body } = await catching().call('POST /purges', {
      headers: admin,
      json: { flows: ['welcome', 'no'], status: 'x' },
    });
    expect(body.errors.map((one: { pointer: string }) => one.pointer).toSorted()).toEqual(
      ['#/flows/1', '#/olderThan', '#/status'].toSorted(),
    );
  });

  test.each([
    ['"quoted"', 'quoted'],
    ['bare-1', 'bare-1'],
    ['"with \\"quotes\\" and \\\\"', 'with "quotes" and \\'],
    ['x'.repeat(255), 'x'.repeat(255)],
  ])('the key %s', async (key, expected) => {
    const { call, seen } = catching();
    const headers = {
      ...admin,
      'Idempotency-Key': key,
      'webhook-id': 'other',
      'i-twilio-idempotency-token': 'third',
    };
    await call(target, { headers, json: { to } });
    expect(seen[0]?.key).toBe(expected);
  });

  test.each(['', '""', '"half', 'ha"lf', 'x'.repeat(256), 'ümlaut'])(
    'a key that is none: %j',
    async (key) => {
      const { call, seen } = catching();
      const { status } = await call(target, { headers: { ...admin, 'idempotency-key': key }, json: { to } });
      expect(status).toBe(400);
      expect(seen).toEqual([]);
    },
  );

  test('the other keys in their order, and none', async () => {
    const { call, seen } = catching();
    await call(target, {
      headers: { ...admin, 'webhook-id': 'b', 'I-Twilio-Idempotency-Token': 'c' },
      json: { to },
    });
    await call(target, { headers: { ...admin, 'I-Twilio-Idempotency-Token': 'c' }, json: { to } });
    await call(target, { headers: admin, json: { to } });
    expect(seen.map(({ key }) => key)).toEqual(['b', 'c', null]);
  });
});

describe('what gets out', () => {
  const failing = (error: unknown) => apiOver({ [TRIGGER]: () => Promise.reject(error) });

  test('a bug is a 500 that says nothing, logged by its class and its frames', async () => {
    const { call, lines, written } = failing(new TypeError(`cannot read +15005550006\n    at secret.ts:1:1`));
    const { status, body } = await call(target, { headers: admin, json: { to } });
    expect([status, body.detail]).toEqual([500, 'The request could not be answered.']);
    expect(written.join()).not.toMatch(/5005550006|secret\.ts/);
    const [line] = lines();
    expect(line).toMatchObject({
      level: 'ERROR',
      requestId: 'request-1',
      functionRequestId: 'lambda-1',
      caller: 'admin',
      route: TRIGGER,
      flow: 'welcome',
      status: 500,
      outcome: 'internal',
      errors: ['TypeError'],
    });
    expect(line.stack[0]).toMatch(/^at .*serve\.test\.ts:\d+:\d+/);
  });

  test.each([
    ['throttled', 429, 'throttled'],
    ['unavailable', 503, 'studio-unavailable'],
    ['timeout', 503, 'studio-unavailable'],
    ['connection', 503, 'studio-unavailable'],
    ['aborted', 503, 'studio-unavailable'],
    ['refused-credentials', 502, 'studio-refused-credentials'],
    ['nonsense', 502, 'studio-answered-nonsense'],
    ['rejected', 422, 'rejected-by-studio'],
    ['conflict', 422, 'rejected-by-studio'],
    ['invalid-argument', 422, 'invalid-request'],
    ['not-found', 404, 'unknown-flow'],
  ] as const)('Studio’s %s becomes %i %s', async (kind, status, slug) => {
    const error = new StudioError(kind, 'a message', {
      operation: 'CreateExecution',
      status: 418,
      code: 21211,
      upstreamMessage: `The 'To' number +15005550006 is not valid: whatsapp:+15005550006, a@b.example, 20 chars`,
      moreInfo: 'https://www.twilio.com/docs/errors/21211',
      retryAfterMs: 1_500,
    });
    const { call, written } = failing(error);
    const reply = await call(target, { headers: admin, json: { to } });
    expect([reply.status, reply.body.type]).toEqual([status, `/problems/${slug}`]);
    if (status === 429 || status === 503) expect(reply.headers['retry-after']).toBe('2');
    if (slug === 'rejected-by-studio')
      expect(reply.body.studio).toEqual({
        code: 21211,
        message: 'The … number … is not valid: … … 20 chars',
        moreInfo: 'https://www.twilio.com/docs/errors/21211',
      });
    expect(reply.text + written.join()).not.toMatch(/5005550006|b\.example/);
  });

  test('nobody is sent away for days, whatever Studio says', async () => {
    const { call } = failing(
      new StudioError('throttled', 'x', { operation: 'CreateExecution', retryAfterMs: 9e9 }),
    );
    expect((await call(target, { headers: admin, json: { to } })).headers['retry-after']).toBe('60');
  });

  test('what the caller sent is cut out of Twilio’s words, whatever it looks like', async () => {
    const error = new StudioError('rejected', 'x', {
      operation: 'CreateExecution',
      upstreamMessage: `Parameter Ann Smith is not allowed for contact-7 (${'long '.repeat(100)}) +15005550006`,
    });
    const { call } = failing(error);
    const json = { to: 'contact-7', parameters: { name: 'Ann Smith', deep: [{ a: 'allowed' }] } };
    const { body } = await call(target, { headers: admin, json });
    expect(body.studio.message).toMatch(/^Parameter … is not … for … \(long long/);
    expect(body.studio.message.length).toBeLessThanOrEqual(300);
  });

  test('one line a request, with metrics whose dimensions are members of it', async () => {
    const { call, lines } = catching();
    await call(target, { headers: admin, json: { to } });
    await call('GET /nowhere');
    const [first, second, ...others] = lines();
    expect(others).toEqual([]);
    expect(first).toMatchObject({ cold_start: true, outcome: 'ok', Requests: 1, level: 'INFO' });
    expect(second).toMatchObject({
      cold_start: false,
      route: 'unknown',
      outcome: 'unknown-route',
      flow: 'none',
    });
    for (const line of [first, second])
      for (const { Dimensions, Metrics } of line._aws.CloudWatchMetrics) {
        for (const name of Dimensions.flat()) expect(line).toHaveProperty(name);
        for (const { Name } of Metrics) expect(line[Name]).toBeTypeOf('number');
      }
  });

  test('an answer that does not come in time is given up, and its signal ends', async () => {
    let aborted = false;
    const { call } = apiOver({
      [TRIGGER]: ({ signal }) =>
        new Promise(() => {
          signal.addEventListener('abort', () => {
            aborted = true;
          });
        }),
    });
    const { status, body } = await call(target, { headers: admin, json: { to }, remainingMs: 1_010 });
    expect([status, body.type, aborted]).toEqual([504, '/problems/outcome-unknown', true]);
  });

  test('the deadline is 25 s, or less when Lambda leaves less', async () => {
    const deadlines: number[] = [];
    const { call } = apiOver({
      [TRIGGER]: async ({ deadlineMs }) => {
        deadlines.push(deadlineMs - NOW);
        return { status: 200 };
      },
    });
    await call(target, { headers: admin, json: { to }, remainingMs: 60_000 });
    await call(target, { headers: admin, json: { to }, remainingMs: 5_000 });
    expect(deadlines).toEqual([25_000, 4_000]);
  });

  test('an answer that cannot be written is a 500', async () => {
    const circle: Record<string, unknown> = {};
    circle['self'] = circle;
    const { call } = apiOver({ [TRIGGER]: async () => ({ status: 200, body: circle }) });
    expect((await call(target, { headers: admin, json: { to } })).body.type).toBe('/problems/internal');
  });

  test('a problem carries its members and headers', async () => {
    const { call } = failing(
      new Problem('active-execution-exists', 'It has one.', {
        members: { conflictingExecutionSid: EXECUTION },
      }),
    );
    const { body, headers } = await call(target, { headers: admin, json: { to } });
    expect(body).toMatchObject({ status: 409, conflictingExecutionSid: EXECUTION, instance: 'request-1' });
    expect(headers).toMatchObject({ 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' });
  });
});

function sign(form: string): string {
  const [key, value] = form.split('=');
  return createHmac('sha1', '12345')
    .update(`${PUBLIC_URL}/flows/welcome/executions${key}${value}`)
    .digest('base64');
}
