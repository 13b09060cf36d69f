import { afterEach, describe, expect, test } from 'vitest';
import { type CallOptions, startWorld, WELCOME, worldOfFile } from '../../support/local/world.ts';

/** Wrong input gets a clear answer and changes nothing, through the gateway and the built bundles. */

const { studio, call, local, mistakes } = await worldOfFile();
studio.store.seed({ flowSid: WELCOME, count: 3 });
const someone = `FN${'0'.repeat(32)}`;

afterEach(() => {
  expect(studio.store.count()).toEqual({ active: 0, ended: 3, deleted: 0 });
  expect(mistakes.splice(0)).toEqual([]);
});

const TRIGGER = '/flows/welcome/executions';
const key = { 'idempotency-key': 'wrong' };
const json = { ...key, 'content-type': 'application/json' };

type Case = [what: string, method: string, path: string, options: CallOptions, status: number, slug: string];

const cases: Case[] = [
  ['a body that is no JSON', 'POST', TRIGGER, { body: '{"to":', headers: json }, 400, 'malformed-request'],
  [
    'a body of another type',
    'POST',
    TRIGGER,
    { body: 'to', headers: { ...key, 'content-type': 'text/csv' } },
    415,
    'unsupported-media-type',
  ],
  ['an address that is none', 'POST', TRIGGER, { body: { to: '+0' }, headers: key }, 422, 'invalid-request'],
  [
    'an unknown member',
    'POST',
    TRIGGER,
    { body: { to: '+15005550001', too: 1 }, headers: key },
    422,
    'invalid-request',
  ],
  ['no token', 'GET', '/flows', { token: null }, 401, 'unauthenticated'],
  ['a wrong token', 'GET', '/flows', { token: 'local-admin2' }, 401, 'unauthenticated'],
  [
    'a token without the scope',
    'POST',
    TRIGGER,
    { token: 'local-reader', body: { to: '+15005550001' }, headers: key },
    403,
    'forbidden',
  ],
  [
    'a token without the scope for personal data',
    'GET',
    `${TRIGGER}/${someone}/context`,
    { token: 'local-reader' },
    403,
    'forbidden',
  ],
  ['an unknown flow', 'GET', '/flows/nobody/executions', {}, 404, 'unknown-flow'],
  [
    'a flow SID that is not configured',
    'GET',
    `/flows/FW${'9'.repeat(32)}/executions`,
    {},
    404,
    'unknown-flow',
  ],
  ['an execution that is not there', 'GET', `${TRIGGER}/${someone}`, {}, 404, 'unknown-execution'],
  ['a limit of 0', 'GET', `${TRIGGER}?limit=0`, {}, 422, 'invalid-request'],
  ['a limit of 1001', 'GET', `${TRIGGER}?limit=1001`, {}, 422, 'invalid-request'],
  ['an unknown status', 'GET', `${TRIGGER}?status=Active`, {}, 422, 'invalid-request'],
  ['a cursor that was never given out', 'GET', `${TRIGGER}?cursor=abc`, {}, 422, 'invalid-request'],
  ['an unknown purge', 'GET', '/purges/nobody', {}, 404, 'unknown-purge'],
  [
    'a purge without age and contact',
    'POST',
    '/purges',
    { body: { flows: 'all', dryRun: false } },
    422,
    'invalid-request',
  ],
  [
    'a purge of an unknown flow',
    'POST',
    '/purges',
    { body: { flows: ['nobody'], olderThan: 'P1D', dryRun: false } },
    422,
    'invalid-request',
  ],
  ['an unknown route', 'GET', '/nowhere', {}, 404, 'unknown-route'],
  ['a known path with another method', 'DELETE', '/flows', {}, 404, 'unknown-route'],
];

describe('a problem', () => {
  test.each(cases)('says what is wrong with %s', async (_what, method, path, options, status, slug) => {
    const answer = await call(method, path, options);
    expect(answer.body).toMatchObject({
      type: `/problems/${slug}`,
      title: expect.any(String),
      status,
      detail: expect.any(String),
      instance: expect.any(String),
    });
    expect(answer.status).toBe(status);
    expect(answer.headers.get('content-type')).toBe('application/problem+json');
  });

  test('is also given for an execution whose SID is none', async () => {
    const { status, body } = await call('GET', `${TRIGGER}/FNxyz`);
    expect([404, 422]).toContain(status);
    expect(body.type).toMatch(/^\/problems\/(unknown-execution|invalid-request)$/);
  });

  test('lists every mistake at once', async () => {
    const { status, body } = await call('POST', '/purges', {
      body: { flows: [], olderThan: '7 days', action: 'remove', limit: 0, dryRun: 'yes' },
    });
    expect(status).toBe(422);
    const pointers = body.errors.map(({ pointer }: { pointer: string }) => pointer);
    expect(new Set(pointers)).toEqual(new Set(['#/flows', '#/olderThan', '#/action', '#/limit', '#/dryRun']));
  });

  test('never repeats the address that was sent', async () => {
    const { body } = await call('POST', TRIGGER, {
      body: { to: '+0123', from: '+0456' },
      headers: key,
    });
    expect(JSON.stringify(body)).not.toMatch(/0123|0456/);
  });
});

test('a body above 10 MB ends at the gateway', async () => {
  const response = await fetch(`${local.url}${TRIGGER}`, {
    method: 'POST',
    body: Buffer.alloc(11_000_000),
  });
  expect(response.status).toBe(413);
});

test('a secret without its fields makes the API unavailable, and the answer names none of it', async () => {
  const broken = await startWorld();
  broken.local.secrets?.put(broken.local.resources.secretId, '{"apiKeySecret":"very secret"}');
  const { status, body } = await broken.call('GET', '/flows');
  await broken.local.close();
  expect([status, body.type]).toEqual([503, '/problems/unavailable']);
  const logs = broken.logs.join('\n');
  for (const field of ['accountSid', 'apiKeySid', 'callers']) expect(logs).toContain(field);
  expect(JSON.stringify(body) + logs).not.toContain('very secret');
});
