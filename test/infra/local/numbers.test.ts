import { gunzipSync } from 'node:zlib';
import { beforeEach, expect, test } from 'vitest';
import { finished, worldOfFile } from '../../support/local/world.ts';

/** Numbers that a double cannot hold, or that JavaScript would write differently, all the way and back. */

const NUMBERS = ['12345678901234567891', '9007199254740993', '1e400', '1E5', '1.0', '0.10', '-0', '-1.50e-7'];
const PARAMETERS = `{"all":[${NUMBERS}],${NUMBERS.map((number, at) => `"n${at}":{"is": ${number}}`)}}`;
const WITHOUT_SPACE = PARAMETERS.replaceAll(' ', '').slice(1, -1);

const { studio, local, call } = await worldOfFile();
const ROUTE = '/flows/welcome/executions';

beforeEach(() => studio.reset());

function trigger(body: string | URLSearchParams, key: string) {
  const headers = {
    'idempotency-key': key,
    ...(typeof body === 'string' && { 'content-type': 'application/json' }),
  };
  return call('POST', ROUTE, { body, headers });
}

async function textOf(path: string): Promise<string> {
  const response = await fetch(`${local.url}${path}`, { headers: { authorization: 'Bearer local-admin' } });
  expect(response.status).toBe(200);
  return response.text();
}

function sent(): string {
  const { form } = studio.requests.findLast(({ operation }) => operation === 'CreateExecution') ?? {};
  return String(form?.['Parameters']);
}

test.each([
  ['JSON', `{"to":"+15005550001","parameters":${PARAMETERS}}`],
  ['a form', new URLSearchParams({ To: '+15005550001', Parameters: PARAMETERS })],
])('the numbers of %s reach Studio, its contexts and the archive digit for digit', async (by, body) => {
  const { body: triggered } = await trigger(body, `reaches by ${by}`);
  expect(sent()).toContain(WITHOUT_SPACE);
  const path = `${ROUTE}/${triggered.execution.sid}`;
  expect(await textOf(`${path}/context`)).toContain(`"data":{${WITHOUT_SPACE}`);
  const { body: listed } = await call('GET', `${path}/steps`);
  expect(await textOf(`${path}/steps/${listed.steps[0].sid}/context`)).toContain(WITHOUT_SPACE);

  const request = { flows: 'all', contact: '+15005550001', status: 'any', archive: true, dryRun: false };
  const { body: purge } = await call('POST', '/purges', { body: request });
  expect(await finished(call, purge.id)).toMatchObject({ status: 'succeeded', counts: { archived: 1 } });
  const bucket = local.resources.archiveBucket;
  const object = local.s3?.store.list(bucket).find(({ key }) => key.includes(purge.id));
  expect(gunzipSync(object?.bytes ?? '').toString()).toContain(`"data":{${WITHOUT_SPACE}`);
});

test.each([
  ['12345678901234567891', '12345678901234567892'],
  ['1', '1.0'],
  ['-0', '0'],
  ['100', '1e2'],
])('under the key of an execution with %s, one with %s is another payload', async (one, other) => {
  const bodyOf = (number: string) => `{"to":"+15005550001","parameters":{"order":[${number}]}}`;
  const key = `once with ${one}`;
  const first = await trigger(bodyOf(one), key);
  const repeated = await trigger(`{"parameters":{"order":[ ${one} ]},"to":"+15005550001"}`, key);
  expect([repeated.headers.get('idempotent-replayed'), repeated.body]).toEqual(['true', first.body]);
  const reused = await trigger(bodyOf(other), key);
  expect(reused).toMatchObject({ status: 422, body: { type: '/problems/idempotency-key-reused' } });
});

test('the members of ours take any spelling of a number, and the parameters are no number', async () => {
  const purges = (limit: string) =>
    call('POST', '/purges', {
      body: `{"flows":"all","olderThan":"P1D","limit":${limit}}`,
      headers: { 'content-type': 'application/json' },
    });
  expect(await purges('1e3')).toMatchObject({ status: 202, body: { request: { limit: 1_000 } } });
  expect(await purges('100.0')).toMatchObject({ status: 202, body: { request: { limit: 100 } } });
  expect((await purges('1.5')).body.errors).toEqual([
    { detail: 'must be a whole number', pointer: '#/limit' },
  ]);
  for (const body of [
    '{"to":"+15005550001","parameters":1.0}',
    new URLSearchParams({ To: '+15005550001', Parameters: '1.0' }),
  ])
    expect((await trigger(body, 'refused')).body.errors).toEqual([
      { detail: 'must be an object', pointer: '#/parameters' },
    ]);
  expect((await trigger('{"to":1.0}', 'refused')).body.errors).toEqual([
    { detail: 'must be a string', pointer: '#/to' },
  ]);
  expect((await trigger('1.0', 'refused')).body.errors).toEqual([
    { detail: 'must be an object', pointer: '#' },
  ]);
});
