import { describe, expect, test } from 'vitest';
import { Problem } from '../../../lib/http/problems.ts';
import { MAX_RESULT_BYTES } from '../../../lib/http/result.ts';
import { StudioError } from '../../../lib/studio/errors.ts';
import { admin, apiOver, NOW } from '../../support/http/api.ts';
import { catching } from '../../support/http/catching.ts';
import { eventOf } from '../../support/http/events.ts';

const TRIGGER = 'POST /flows/{flow}/executions';
const EXECUTION = `FN${'1'.repeat(32)}`;
const target = 'POST /flows/welcome/executions';
const to = '+15005550006';

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
    ['dateCreatedTo=0000-01-01T00:00:00%2B01:00', '?dateCreatedTo'],
    ['dateCreatedFrom=9999-12-31T23:30:00-01:00', '?dateCreatedFrom'],
    ['dateCreatedTo=2026-11-22T10:00:00', '?dateCreatedTo'],
    ['dateCreatedFrom=2026-11-22&dateCreatedTo=2026-11-21', '?dateCreatedTo'],
    ['contact=+4930123456', null],
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
    [
      'a name of the prototype',
      'application/json',
      '{"to":"client:a","__proto__":{"x":1}}',
      422,
      'invalid-request',
    ],
    ['half a surrogate pair', 'application/json', '{"to":"\\ud800"}', 422, 'invalid-request'],
    [
      'depth',
      'application/json',
      `{"to":"client:a","parameters":${'{"a":'.repeat(40)}1${'}'.repeat(40)}}`,
      422,
      'invalid-request',
    ],
    [
      'numbers that JavaScript would change, and depth',
      'application/json',
      `{"to":"a","parameters":${'{"a":'.repeat(20_000)}1.0${'}'.repeat(20_000)}}`,
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

  test.each([
    ['two contacts', '{"to":"+15005550006","to":"+15005550007"}'],
    ['the same one twice', '{"to":"+15005550006","to":"+15005550006"}'],
    ['one name in two spellings', '{"to":"+15005550006","t\\u006f" :"+15005550007"}'],
    ['a name twice deep inside', '{"to":"+15005550006","parameters":{"a":[0,{"b":1,"c":{},"b":1.0}]}}'],
    ['a name twice and another mistake', '{"to":7,"parameters":{"a":1,"a":2}}'],
    ['a form’s parameters', new URLSearchParams({ To: to, Parameters: '{"a":{"b":1,"\\u0062":2}}' })],
  ])('a name twice is refused: %s', async (_, body) => {
    const { call, seen } = catching();
    const type = typeof body === 'string' ? 'application/json' : 'application/x-www-form-urlencoded';
    const headers = { ...admin, 'content-type': type };
    const reply = await call(target, { headers, body: String(body) });
    expect([reply.status, reply.body.type]).toEqual([400, '/problems/malformed-request']);
    expect(reply.body.detail).toContain('twice');
    expect(reply.text).not.toContain('5005550007');
    expect(seen).toEqual([]);
  });

  test('one name in several objects, and in texts, is no name twice', async () => {
    const { call, seen } = catching();
    const parameters = { to: [{ to: 1 }, { to: 1 }], text: '{"a":1,"a":2}', 'a"b': { a: '"a":' } };
    await call(target, { headers: admin, json: { to, parameters } });
    expect(seen[0]?.body).toEqual({ to, parameters });
  });

  const FORM = 'application/x-www-form-urlencoded';
  const SENT = '{"to":"+15005550006","parameters":{"name":"Ann"}}';
  test.each([
    ['as curl sends it', FORM, SENT],
    ['after a blank', `${FORM}; charset=utf-8`, ` \n${SENT}`],
    ['after a byte order mark', FORM, `\ufeff${SENT}`],
    ['as a list', FORM, `[${SENT}]`],
    ['encoded', FORM, encodeURIComponent(SENT)],
    ['as text', 'text/plain', SENT],
  ])('JSON under another content type is told that, and comes back in no part: %s', async (_, type, body) => {
    const { call, seen } = catching();
    const reply = await call(target, { headers: { ...admin, 'content-type': type }, body });
    expect([reply.status, reply.body.type]).toEqual([415, '/problems/unsupported-media-type']);
    expect(reply.body.detail).toMatch(/Content-Type.*application\/json/);
    expect(reply.headers['accept']).toContain('application/json');
    expect(reply.text).not.toMatch(/5005550006|Ann|parameters/);
    expect(seen).toEqual([]);
  });

  test.each([
    ['without a type', undefined, 'To=%2B15005550006', 415],
    ['with an empty type', '', 'To=%2B15005550006', 415],
    ['cut off, without a type', undefined, '{"to":"+15005550006"', 400],
    ['a form that is said to be JSON', 'application/json', 'To=%2B15005550006', 400],
  ])('what is no JSON is told of its content type: %s', async (_, type, body, status) => {
    const { call } = catching();
    const headers = { ...admin, ...(type !== undefined && { 'content-type': type }) };
    const reply = await call(target, { headers, body });
    expect(reply.status).toBe(status);
    expect(reply.body.detail).toContain('Content-Type');
    expect(reply.text).not.toContain('5005550006');
  });

  /** What callers put into the place of a name by mistake. */
  const NO_NAMES = [
    '+15005550006',
    '15005550006',
    '_1-500-555-0006',
    'whatsapp:+15005550006',
    'client:ann',
    'ann@example.com',
    'Ann Smith',
    'Order 4711 is ready',
    'Zoë',
    'a/b',
    '',
    `x${'y'.repeat(64)}`,
  ];
  test.each(NO_NAMES)('what looks like no name is not told back: %j', async (name) => {
    const { call } = catching();
    const holder = async (sent: Parameters<typeof call>[1], query = '') => {
      const reply = await call(`${target}${query}`, { ...sent, headers: { ...admin, ...sent?.headers } });
      expect(reply.status).toBe(422);
      if (name.length > 3) expect(reply.text).not.toContain(name);
      return reply.body.errors;
    };
    const unknown = (pointer: string) => [{ detail: 'has a member that is not known', pointer }];
    const twice = (pointer: string) => [{ detail: 'has a member twice', pointer }, ...unknown(pointer)];
    const half = (pointer: string) => [{ detail: 'has half a surrogate pair', pointer }];

    expect(await holder({ json: { to, [name]: 1 } })).toEqual(unknown('#'));
    expect(await holder({ json: { to } }, `?${new URLSearchParams([[name, '1']])}`)).toEqual(unknown('?'));
    const pairs: [string, string][] = [
      [name, '1'],
      [name, '1'],
    ];
    expect(await holder({ json: { to } }, `?${new URLSearchParams(pairs)}`)).toEqual(twice('?'));
    const form = { 'content-type': FORM };
    const body = `To=%2B15005550001&${new URLSearchParams(pairs)}`;
    expect(await holder({ headers: form, body })).toEqual(twice('#'));
    for (const [parameters, pointer] of [
      [{ [name]: '\ud800' }, '#/parameters'],
      [{ outer: [{ [name]: { inner: '\ud800' } }] }, '#/parameters/outer/0'],
    ] as const) {
      expect(await holder({ json: { to, parameters } })).toEqual(half(pointer));
      const fields = new URLSearchParams({ To: to, Parameters: JSON.stringify(parameters) });
      expect(await holder({ headers: form, body: String(fields) })).toEqual(half(pointer));
    }
  });

  test('a name that looks like one is told back, wherever it stands', async () => {
    const { call } = catching();
    const json = { to, too: 1, order_id: 1, 'X.y-2': 1, parameters: { a: [{ b2: '\ud800' }] } };
    const { body } = await call(`${target}?__proto__=1&dry-run=1`, { headers: admin, json });
    expect(body.errors.map((one: { pointer: string }) => one.pointer).toSorted()).toEqual(
      ['?__proto__', '?dry-run', '#/too', '#/order_id', '#/X.y-2', '#/parameters/a/0/b2'].toSorted(),
    );
  });

  test.each(['%FF', '%C3', '%C3x', '%ED%A0%80', '%E2%82%61'])(
    'encoded bytes that are no UTF-8 are refused and not replaced: %s',
    async (bytes) => {
      const { call, seen } = catching();
      const form = { ...admin, 'content-type': FORM };
      for (const reply of [
        await call(target, { headers: form, body: `To=${to}&Parameters={"name":"${bytes}"}` }),
        await call(`GET /flows/welcome/executions?contact=a${bytes}`, { headers: admin }),
      ]) {
        expect([reply.status, reply.body.type]).toEqual([400, '/problems/malformed-request']);
        expect(reply.body.detail).toContain('UTF-8');
      }
      expect(seen).toEqual([]);
    },
  );

  test('a percent sign that encodes nothing, and an encoded U+FFFD, are themselves', async () => {
    const { call, seen } = catching();
    const body = `To=client:a&Parameters={"a":"10 %","b":"%zz","c":"%EF%BF%BDZo%C3%AB"}`;
    await call(target, { headers: { ...admin, 'content-type': FORM }, body });
    expect(seen[0]?.body).toMatchObject({ parameters: { a: '10 %', b: '%zz', c: '\ufffdZoë' } });
  });

  test('thousands of mistakes below a name as long as the body are told in a short answer', async () => {
    const name = 'n'.repeat(100_000);
    const halves = Array.from({ length: 500 }, () => '"\\ud800"').join(',');
    const body = `{"to":"client:a","parameters":{"outer":{"${name}":[${halves}]}}}`;
    const { status, body: answered, text } = await catching().call(target, { headers: admin, body });
    expect(status).toBe(422);
    expect(text.length).toBeLessThan(200_000);
    // The nearest one that can be named.
    expect(answered.errors[0].pointer).toBe('#/parameters/outer');
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
    const wrong = await call(target, {
      headers,
      body: 'To=client:a&To=client:b&Parameters=%7B&Else=1',
      base64,
    });
    expect(wrong.body.errors.map((one: { pointer: string }) => one.pointer)).toEqual(
      expect.arrayContaining(['#/to', '#/parameters', '#/Else']),
    );
    const purge = await call('POST /purges', { headers, body: 'flows=all', base64 });
    expect(purge.status).toBe(415);
  });

  test('parameters keep every name that JSON allows them', async () => {
    const { call, seen } = catching();
    const body = '{"to":"client:a","parameters":{"constructor":1,"prototype":{"toString":2}}}';
    await call(target, { headers: { ...admin, 'content-type': 'application/json' }, body });
    expect(JSON.stringify(seen[0]?.body)).toBe(body);
  });

  test.each(['[]', '[{"to":"+12025550123"}]', '"text"', '1', 'true', 'null'])(
    'a body that is no object is told that, and nothing of members: %s',
    async (body) => {
      const { call } = catching();
      const headers = { ...admin, 'content-type': 'application/json' };
      for (const route of [target, 'POST /purges']) {
        const reply = await call(route, { headers, body });
        expect([reply.status, reply.body.errors]).toEqual([
          422,
          [{ detail: 'must be an object', pointer: '#' }],
        ]);
      }
    },
  );

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

  describe('an answer that Lambda does not pass on', () => {
    const contextRoute = 'GET /flows/{flow}/executions/{execution}/context';
    const path = `GET /flows/welcome/executions/${EXECUTION}/context`;
    const answering = (body: unknown) => apiOver({ [contextRoute]: async () => ({ status: 200, body }) });
    const bytesOf = (result: unknown) => Buffer.byteLength(JSON.stringify(result));

    test.each([
      ['letters', 'a', 7_000_000],
      ['quotes, each of them four bytes', '"', 1_600_000],
      ['backslashes', '\\', 1_600_000],
      ['line ends', '\n', 2_200_000],
      ['control characters', '\u0001', 1_000_000],
      ['umlauts', 'ü', 3_200_000],
      ['emojis', '😀', 1_600_000],
      ['halves of characters', '\ud83d', 1_000_000],
    ])('becomes 502 answer-too-large: a context of %s', async (_, character, count) => {
      const { call, lines } = answering({ context: { text: character.repeat(count) }, sid: EXECUTION });
      const reply = await call(path, { headers: admin });
      expect([reply.status, reply.body.type]).toEqual([502, '/problems/answer-too-large']);
      expect(reply.body.detail).toMatch(/archive/);
      expect(lines()[0]).toMatchObject({ level: 'ERROR', status: 502, outcome: 'answer-too-large' });
    });

    test.each(['a', '"', 'ü', '😀', '\u0001'])('is told to the byte, with %j', async (character) => {
      const of = async (text: string) => {
        const { handler } = answering({ context: text });
        return handler(eventOf(path, { headers: admin }), {
          awsRequestId: 'lambda-1',
          getRemainingTimeInMillis: () => 29_000,
        });
      };
      const empty = bytesOf(await of(''));
      const each = bytesOf(await of(character)) - empty;
      const room = MAX_RESULT_BYTES - empty;
      const full = character.repeat(Math.floor(room / each)) + 'a'.repeat(room % each);
      const just = await of(full);
      expect([just.statusCode, bytesOf(just)]).toEqual([200, MAX_RESULT_BYTES]);
      expect((await of(`${full}a`)).statusCode).toBe(502);
    });

    test('of a list says that a smaller limit helps', async () => {
      const failures = Array.from({ length: 100 }, () => ({ sid: EXECUTION, reason: 'x'.repeat(30) }));
      const purges = Array.from({ length: 1_000 }, (_, id) => ({ id, failures }));
      const { call } = apiOver({
        'GET /purges': async () => ({ status: 200, body: { purges, nextCursor: null } }),
      });
      const { status, body } = await call('GET /purges?limit=1000', { headers: admin });
      expect([status, body.type]).toEqual([502, '/problems/answer-too-large']);
      expect(body.detail).toMatch(/smaller limit/);
    });
  });

  test('nobody is sent away for days, whatever Studio says', async () => {
    const error = new StudioError('throttled', 'x', { operation: 'CreateExecution', retryAfterMs: 9e9 });
    const problem = new Problem('throttled', 'x', { retryAfterMs: 9e9 });
    for (const thrown of [error, problem]) {
      const { headers } = await failing(thrown).call(target, { headers: admin, json: { to } });
      expect(headers['retry-after']).toBe('60');
    }
  });

  test('what the caller sent is cut out of Twilio’s words, whatever it looks like', async () => {
    const error = new StudioError('rejected', 'x', {
      operation: 'CreateExecution',
      upstreamMessage: `Parameter Ann Smith is not allowed for client:seven of Dr Jones (${'long '.repeat(100)}) +15005550006`,
    });
    const { call } = failing(error);
    const json = {
      to: 'client:seven',
      parameters: { name: 'Ann Smith', deep: [{ a: 'allowed' }], 'Dr Jones': 1 },
    };
    const { body } = await call(target, { headers: admin, json });
    expect(body.studio.message).toMatch(/^Parameter … is not … for … of … \(long long/);
    expect(body.studio.message.length).toBeLessThanOrEqual(300);
  });

  test('numbers are cut out as they were written, and nothing else of them', async () => {
    const error = new StudioError('rejected', 'x', {
      operation: 'CreateExecution',
      upstreamMessage: 'Not a rawJSON: 4711.00 at 1e400',
    });
    const body = `{"to":"${to}","parameters":{"order":4711.00,"deep":[{"a":1e400}]}}`;
    const headers = { ...admin, 'content-type': 'application/json' };
    const reply = await failing(error).call(target, { headers, body });
    expect(reply.body.studio.message).toBe('Not a rawJSON: … at …');
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
