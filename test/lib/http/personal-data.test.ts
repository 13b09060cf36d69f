import { DynamoDBClient, ScanCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { finished, startWorld, type World } from '../../infra/local/fixtures/world.ts';

/**
 * Traffic of every kind with marked personal data and credentials; then everything that was written is
 * searched for the marks: every log line with its metrics, every problem, every row of the table.
 */
const ADDRESS = '+15005557391';
const NAME = 'marked-name-7391';
const SENDER = '+15017127391';
const KEY = 'marked-key-7391';
/** Digits that all of them have, however they are written. */
const MARK = /7391/;
const CREDENTIALS = /local-admin-token|marked-token|Bearer|whsec_|MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw/;

let world: World;
const problems: string[] = [];

beforeAll(async () => {
  world = await startWorld({
    secret: {
      callers: [
        {
          name: 'admin',
          token: 'local-admin-token',
          scopes: ['trigger', 'read', 'read:personal', 'end', 'purge'],
        },
      ],
    },
  });
}, 60_000);
afterAll(() => world.local.close());

async function call(method: string, path: string, options: Parameters<World['call']>[2] = {}) {
  const answer = await world.call(method, path, { token: 'local-admin-token', ...options });
  if (answer.status >= 400) problems.push(JSON.stringify([answer.body, [...answer.headers]]));
  return answer;
}

test('no address, parameter, context, key or credential is in any log line, metric, problem or record', async () => {
  const { studio } = world;
  const trigger = '/flows/welcome/executions';
  const body = { to: ADDRESS, from: SENDER, parameters: { name: NAME, [NAME]: ADDRESS } };
  const headers = { 'idempotency-key': KEY };

  const created = await call('POST', trigger, { body, headers });
  expect(created.status).toBe(201);
  expect((await call('POST', trigger, { body, headers })).headers.get('idempotent-replayed')).toBe('true');
  expect((await call('POST', trigger, { body: { ...body, to: `${ADDRESS}1` }, headers })).status).toBe(422);
  expect((await call('POST', trigger, { body })).status).toBe(409);
  expect((await call('POST', trigger, { body: { ...body, onConflict: 'replace' } })).status).toBe(200);
  const form = new URLSearchParams({
    To: ADDRESS,
    Parameters: JSON.stringify({ name: NAME }),
    OnConflict: 'return',
  });
  expect((await call('POST', trigger, { body: form })).status).toBe(201);

  // What is refused, for every reason that there is.
  await call('POST', trigger, { body: { to: `+0${ADDRESS}`, parameters: ADDRESS } });
  await call('POST', trigger, {
    body: `{"to":"${ADDRESS}"`,
    headers: { 'content-type': 'application/json' },
  });
  await call('POST', trigger, { body: ADDRESS, headers: { 'content-type': 'text/plain' } });
  await call('POST', trigger, { body, headers: { 'idempotency-key': `"${KEY}` } });
  await call('POST', trigger, { body, token: 'marked-token-7391' });
  await call('GET', `${trigger}?contact=${ADDRESS}&cursor=${NAME}`);
  await call('GET', `${trigger}?status=${NAME}&contact=+0${ADDRESS}`);
  await call('GET', `/flows/${NAME}/executions`);
  await call('GET', `${trigger}/${NAME}`);
  await call('GET', `/${NAME}?contact=${ADDRESS}`);
  await call('POST', '/purges', { body: { flows: 'all', contact: `+0${ADDRESS}` } });
  // What Studio refuses, also when the refusal is kept for the key.
  for (const key of [{}, { 'idempotency-key': `${KEY}-refused` }, { 'idempotency-key': `${KEY}-refused` }]) {
    const wrong = { to: 'client:not-an-address-7391'.padEnd(295, 'x'), from: SENDER };
    const { body: refused } = await call('POST', trigger, { body: wrong, headers: key });
    expect(refused.type).toBe('/problems/rejected-by-studio');
  }
  for (const [index, fault] of (
    ['error', 'html', 'other-json', 'truncated-json', 'cut'] as const
  ).entries()) {
    studio.behave({ faults: [{ kind: fault }] });
    await call('GET', `${trigger}/${created.body.execution.sid}/context`);
    studio.behave({ faults: [{ kind: fault, operations: ['CreateExecution'], times: 1, work: 'done' }] });
    await call('POST', trigger, {
      body: { ...body, to: `${ADDRESS}${index}` },
      headers: { 'idempotency-key': `${KEY}${fault}` },
    });
    studio.behave({ faults: [] });
  }

  // What is looked at, ended, deleted and purged.
  const listed = await call('GET', `/executions?contact=${encodeURIComponent(ADDRESS)}&limit=1`);
  expect(listed.body.executions[0].contactChannelAddress).toBe(ADDRESS);
  const path = `${trigger}/${listed.body.executions[0].sid}`;
  const context = await call('GET', `${path}/context`);
  expect(JSON.stringify(context.body)).toMatch(MARK);
  await call('GET', `${path}/steps`);
  await call('DELETE', path);
  await call('POST', `${path}/end`);
  const purge = await call('POST', '/purges', {
    body: { flows: 'all', contact: ADDRESS, status: 'any', archive: true, dryRun: false },
    headers: { 'idempotency-key': KEY },
  });
  expect(purge.status).toBe(202);
  const record = await finished((method, target) => call(method, target), purge.body.id);
  expect(record.status).toBe('succeeded');
  expect(record.counts.deleted).toBeGreaterThan(0);
  expect(JSON.stringify(record)).not.toMatch(MARK);

  expect(world.logs.length).toBeGreaterThan(30);
  expect(world.logs.filter((line) => MARK.test(line) || CREDENTIALS.test(line))).toEqual([]);
  expect(problems.length).toBeGreaterThan(15);
  // The name of an unknown member or route is the only thing that is told back; there is none here.
  expect(problems.filter((problem) => MARK.test(problem))).toEqual([]);

  const client = new DynamoDBClient({
    endpoint: world.local.endpoints.DYNAMODB,
    region: 'us-east-1',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  });
  const { Items = [] } = await client.send(new ScanCommand({ TableName: world.local.resources.table }));
  client.destroy();
  expect(Items.length).toBeGreaterThan(3);
  const rows = Items.map((item) => JSON.stringify(item));
  expect(rows.filter((row) => row.includes(NAME) || row.includes(KEY))).toEqual([]);
  expect(rows.filter((row) => MARK.test(row))).toEqual([]);
}, 60_000);
