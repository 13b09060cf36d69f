import { request } from 'node:http';
import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import { afterEach, describe, expect, test } from 'vitest';
import { type GatewayOptions, startGateway } from '../../../../infra/local/gateway/gateway.ts';
import type { InvocationResult } from '../../../../infra/local/host/function-protocol.ts';
import type { Listening } from '../../../../infra/local/http.ts';
import { type ManualClock, manualClock } from '../../../support/local/clocks.ts';

const START = Date.parse('2026-03-04T05:06:07Z');

let gateway: Listening;
let clock: ManualClock;
let seen: { function: string; event: APIGatewayProxyEventV2 }[];

afterEach(() => gateway.close());

async function start(
  options: Partial<GatewayOptions> = {},
  answer: unknown = { statusCode: 200, body: 'ok' },
): Promise<void> {
  seen = [];
  clock = manualClock(START);
  gateway = await startGateway({
    routes: {
      'POST /flows/{flow}/executions': 'trigger',
      'GET /flows/{flow}/executions/{execution}': 'query',
      'GET /purges/{purge}': 'purge',
      'GET /purges/latest': 'query',
    },
    unmatched: 'query',
    clock,
    invoke: async (name, event) => {
      seen.push({ function: name, event });
      return { outcome: 'answered', payload: JSON.stringify(answer) };
    },
    ...options,
  });
}

const call = (path: string, init?: RequestInit) => fetch(`${gateway.url}${path}`, init);

function lastEvent(): APIGatewayProxyEventV2 {
  const last = seen.at(-1);
  if (!last) throw new Error('no event was sent');
  return last.event;
}

describe('the event', () => {
  test('has the shape of payload format 2.0', async () => {
    await start();
    await call('/flows/welcome/executions?a=1&b=x%20y&a=2', {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'User-Agent': 'tests', Cookie: 'one=1; two=2' },
      body: '{"to":"+1"}',
    });
    expect(lastEvent()).toEqual({
      version: '2.0',
      routeKey: 'POST /flows/{flow}/executions',
      rawPath: '/flows/welcome/executions',
      rawQueryString: 'a=1&b=x%20y&a=2',
      cookies: ['one=1', 'two=2'],
      headers: expect.objectContaining({
        'content-type': 'application/json',
        'user-agent': 'tests',
        'content-length': '11',
        host: gateway.url.slice('http://'.length),
        'x-forwarded-for': '127.0.0.1',
        'x-forwarded-proto': 'http',
      }),
      queryStringParameters: { a: '1,2', b: 'x y' },
      pathParameters: { flow: 'welcome' },
      requestContext: {
        accountId: '000000000000',
        apiId: 'local',
        domainName: '127.0.0.1',
        domainPrefix: '127',
        http: {
          method: 'POST',
          path: '/flows/welcome/executions',
          protocol: 'HTTP/1.1',
          sourceIp: '127.0.0.1',
          userAgent: 'tests',
        },
        requestId: expect.stringMatching(/^[\w-]{15}=$/),
        routeKey: 'POST /flows/{flow}/executions',
        stage: '$default',
        time: '04/Mar/2026:05:06:07 +0000',
        timeEpoch: START,
      },
      body: '{"to":"+1"}',
      isBase64Encoded: false,
    });
    expect(lastEvent().headers).not.toHaveProperty('cookie');
  });

  test('leaves out what is empty', async () => {
    await start();
    await call('/nowhere');
    for (const member of ['body', 'cookies', 'queryStringParameters', 'pathParameters'])
      expect(lastEvent()).not.toHaveProperty(member);
    expect(lastEvent().rawQueryString).toBe('');
  });

  test('joins a repeated header by commas', async () => {
    await start();
    await new Promise((resolve, reject) => {
      request(`${gateway.url}/nowhere`, { headers: { 'X-Same': ['one', 'two'] } }, (response) =>
        response.resume().on('end', resolve),
      )
        .on('error', reject)
        .end();
    });
    expect(lastEvent().headers['x-same']).toBe('one,two');
  });

  test('decodes the path, as HTTP APIs do, and its parameters', async () => {
    await start();
    await call('/flows/wel%20come/executions/FN%2F1');
    expect(lastEvent().pathParameters).toEqual({ flow: 'wel come', execution: 'FN/1' });
    expect(lastEvent().rawPath).toBe('/flows/wel come/executions/FN/1');
  });

  test.each([
    ['application/json; charset=utf-8', false],
    ['text/csv', false],
    ['application/xml', false],
    ['application/x-www-form-urlencoded', true],
    ['application/octet-stream', true],
    ['', true],
  ])('with a body of type "%s" is encoded: %s', async (type, encoded) => {
    await start();
    const body = Buffer.from('a=1');
    await call('/flows/welcome/executions', { method: 'POST', headers: { 'content-type': type }, body });
    expect(lastEvent()).toMatchObject({
      isBase64Encoded: encoded,
      body: encoded ? body.toString('base64') : 'a=1',
    });
  });

  test('passes a form on as text when told to', async () => {
    await start({ formBodies: 'plain' });
    await call('/flows/welcome/executions', { method: 'POST', body: new URLSearchParams({ To: '+1' }) });
    expect(lastEvent()).toMatchObject({ isBase64Encoded: false, body: 'To=%2B1' });
  });
});

describe('routing', () => {
  test('goes to the function of the route', async () => {
    await start();
    await call('/flows/welcome/executions', { method: 'POST' });
    expect(seen[0]).toMatchObject({
      function: 'trigger',
      event: { routeKey: 'POST /flows/{flow}/executions' },
    });
  });

  test('takes a static segment before a variable one', async () => {
    await start();
    await call('/purges/latest');
    expect(lastEvent().routeKey).toBe('GET /purges/latest');
    await call('/purges/other');
    expect(lastEvent().routeKey).toBe('GET /purges/{purge}');
  });

  test.each([
    ['GET', '/nowhere'],
    ['DELETE', '/purges/latest'],
    ['GET', '/purges/'],
    ['GET', '/purges/latest/more'],
  ])('hands %s %s to the default route', async (method, path) => {
    await start();
    await call(path, { method });
    expect(seen[0]).toMatchObject({ function: 'query', event: { routeKey: '$default' } });
    expect(lastEvent()).not.toHaveProperty('pathParameters');
  });

  test('keeps its own paths from the functions', async () => {
    await start({ administration: async ({ path }) => ({ status: 202, body: path }) });
    const response = await call('/__local/schedule', { method: 'POST' });
    expect([response.status, await response.text()]).toEqual([202, '/__local/schedule']);
    expect(seen).toEqual([]);
  });
});

describe('the answer', () => {
  test('carries status, headers, cookies and the request id', async () => {
    await start(
      {},
      { statusCode: 201, headers: { Location: '/x', 'X-Count': 2 }, cookies: ['a=1', 'b=2'], body: '{}' },
    );
    const response = await call('/nowhere');
    expect(response.status).toBe(201);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      location: '/x',
      'x-count': '2',
      'apigw-requestid': lastEvent().requestContext.requestId,
    });
    expect(response.headers.getSetCookie()).toEqual(['a=1', 'b=2']);
  });

  test('decodes a base64 body', async () => {
    await start(
      {},
      { statusCode: 200, isBase64Encoded: true, body: Buffer.from([1, 2, 255]).toString('base64') },
    );
    expect([...new Uint8Array(await (await call('/nowhere')).arrayBuffer())]).toEqual([1, 2, 255]);
  });

  test.each([
    ['a malformed answer', { statusCode: 'ok' }],
    ['an answer without a status', { hello: 'world' }],
    ['headers that are no strings', { statusCode: 200, headers: { a: {} } }],
  ])('is 500 after %s', async (_what, answer) => {
    await start({}, answer);
    const response = await call('/nowhere');
    expect([response.status, await response.json()]).toEqual([500, { message: 'Internal Server Error' }]);
  });

  test('is 500 when the function failed, and says nothing of why', async () => {
    await start({ invoke: async () => ({ outcome: 'threw', error: '{"errorMessage":"secret"}' }) });
    const response = await call('/nowhere');
    expect([response.status, await response.text()]).toEqual([500, '{"message":"Internal Server Error"}']);
  });
});

describe('limits', () => {
  test('a body above 10 MB is 413', async () => {
    await start();
    const response = await call('/flows/welcome/executions', {
      method: 'POST',
      body: Buffer.alloc(10_485_761),
    });
    expect(response.status).toBe(413);
    expect(seen).toEqual([]);
  });

  test('an event above 6 MB is 413', async () => {
    await start();
    const response = await call('/flows/welcome/executions', {
      method: 'POST',
      body: Buffer.alloc(5_000_000),
    });
    expect(response.status).toBe(413);
  });

  test('an answer above what Lambda passes on is 500, without a word of why', async () => {
    const answer = { statusCode: 200, body: '' };
    const full = 'x'.repeat(6_291_556 - Buffer.byteLength(JSON.stringify(answer)));
    await start({}, { ...answer, body: full });
    expect((await call('/nowhere')).status).toBe(200);
    await start({}, { ...answer, body: `${full}x` });
    expect((await call('/nowhere')).status).toBe(500);
  });

  test('a function that needs more than 30 s is cut with 503', async () => {
    const invoked = Promise.withResolvers<void>();
    const never = new Promise<InvocationResult>(() => {});
    await start({
      invoke: () => {
        invoked.resolve();
        return never;
      },
    });
    const response = call('/nowhere');
    await invoked.promise;
    // The timer is armed on the turn after the invocation.
    await new Promise((resolve) => setImmediate(resolve));
    clock.advance(29_999);
    clock.advance(1);
    expect((await response).status).toBe(503);
    expect(await (await response).json()).toEqual({ message: 'Service Unavailable' });
  });

  test('headers above 10 KB are 431', async () => {
    await start();
    expect((await call('/nowhere', { headers: { 'x-long': 'x'.repeat(11_000) } })).status).toBe(431);
  });
});

describe('CORS', () => {
  const preflight = (origin: string) =>
    call('/purges/1', { method: 'OPTIONS', headers: { origin, 'access-control-request-method': 'GET' } });

  test('is silent without configured origins, and a preflight is a request like any other', async () => {
    await start();
    const response = await preflight('https://console.example');
    expect(response.headers.has('access-control-allow-origin')).toBe(false);
    expect(lastEvent().routeKey).toBe('$default');
  });

  test('answers the preflight of a configured origin without asking a function', async () => {
    await start({ corsOrigins: ['https://console.example'] });
    const response = await preflight('https://console.example');
    expect(response.status).toBe(204);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'access-control-allow-origin': 'https://console.example',
      'access-control-allow-methods': 'GET,POST,DELETE',
      vary: 'Origin',
    });
    expect(seen).toEqual([]);
  });

  test('tells another origin nothing', async () => {
    await start({ corsOrigins: ['https://console.example'] });
    for (const response of [
      await preflight('https://other.example'),
      await call('/purges/1', { headers: { origin: 'https://other.example' } }),
    ])
      expect(response.headers.has('access-control-allow-origin')).toBe(false);
  });

  test('marks the answers to a configured origin', async () => {
    await start({ corsOrigins: ['*'] });
    const response = await call('/purges/1', { headers: { origin: 'https://any.example' } });
    expect(response.headers.get('access-control-allow-origin')).toBe('*');
  });
});
