import { DynamoDBClient, ScanCommand } from '@aws-sdk/client-dynamodb';
import twilio from 'twilio';
import { expect, test } from 'vitest';
import type { LogLine } from '../../../infra/local/host/environment.ts';
import { SCOPES } from '../../../lib/config/configuration.ts';
import { clientOf } from '../../support/aws-client.ts';
import { eventOf } from '../../support/http/events.ts';
import { webhookHeaders } from '../../support/http/signed.ts';
import { travellingClock } from '../../support/local/clocks.ts';
import { type CallOptions, configInput, finished, until, worldOfFile } from '../../support/local/world.ts';

/**
 * Traffic of every kind, from every kind of caller, with marked personal data and credentials; then everything
 * that was written is searched for the marks: every log line of every function with its metrics, every
 * problem, every row of the table, and the names of the archives, which alone may hold what was archived.
 */
const ADDRESS = '+15005557391';
const NAME = 'marked-name';
const SENDER = '+15017127391';
const KEY = 'marked-key';
const SECRET = Buffer.from('marked-secret-of-a-webhook').toString('base64');
const credentials = {
  apiKeySecret: 'marked-api-key-secret',
  authToken: 'marked-auth-token',
  callers: [{ name: 'admin', token: 'marked-token', scopes: [...SCOPES] }],
  webhooks: [{ name: 'crm', secret: `whsec_${SECRET}`, scopes: [...SCOPES] }],
};
/** However it is written; and long enough that no timestamp and no SID has it by chance. */
const MARK = new RegExp(`5557391|7127391|marked|${SECRET}|whsec_|Bearer `, 'i');

const ROUTE = '/flows/welcome/executions';

/** Problems that are met here; the others need a broken secret or table, and are told in their own tests. */
const SLUGS = [
  'malformed-request',
  'unauthenticated',
  'unknown-route',
  'unknown-flow',
  'active-execution-exists',
  'request-in-progress',
  'unsupported-media-type',
  'invalid-request',
  'idempotency-key-reused',
  'forbidden',
  'signature-replayed',
  'rejected-by-studio',
  'throttled',
  'studio-refused-credentials',
  'studio-answered-nonsense',
  'studio-unavailable',
  'outcome-unknown',
];

/** A request gives up looking for what became of a create, which is too soon to be sure of it. */
const LOOKED_LONG_ENOUGH_MS = 12_000;

const clock = travellingClock();
const logs: LogLine[] = [];
const problems: string[] = [];
const world = await worldOfFile({
  clock,
  configInput: { ...configInput, twilioWebhooks: { scopes: ['trigger'] } },
  secret: credentials,
  variables: { STUDIO_IAM_SCOPES: SCOPES.join(',') },
  simulated: { password: credentials.apiKeySecret, behaviour: { createsPerSecond: null } },
  onLog: (line) => logs.push(line),
});

async function call(method: string, path: string, options: CallOptions = {}) {
  const answer = await world.call(method, path, { token: 'marked-token', ...options });
  if (answer.status >= 400) problems.push(JSON.stringify([answer.body, [...answer.headers]]));
  return answer;
}

/** As `call`, by somebody who signs with the sender's secret. */
async function byWebhook(method: string, path: string, body: string, id: string) {
  const signed = webhookHeaders(`whsec_${SECRET}`, body, id, new Date());
  const headers = { 'content-type': 'application/json', ...signed };
  return call(method, path, { token: null, ...(body === '' ? {} : { body }), headers });
}

/** As `call`, signed with the account's Auth Token. */
async function byTwilio(method: string, path: string, form: Record<string, string>, id: string) {
  const url = `${world.local.url}${path}`;
  const signature = twilio.getExpectedTwilioSignature(credentials.authToken, url, form);
  const headers = { 'x-twilio-signature': signature, 'i-twilio-idempotency-token': id };
  const hasBody = Object.keys(form).length > 0;
  return call(method, path, {
    token: null,
    ...(hasBody ? { body: new URLSearchParams(form) } : {}),
    headers,
  });
}

/** What API Gateway hands over of a request that its IAM authorizer let through; the local gateway has none. */
async function byIam(name: string, target: string, json?: unknown) {
  const iam = { userArn: 'arn:aws:sts::123456789012:assumed-role/Deployer/marked-session' };
  const headers = { 'content-type': 'application/json', 'idempotency-key': KEY };
  const body = json === undefined ? {} : { body: JSON.stringify(json) };
  const event = eventOf(target, { iam, headers, ...body });
  const result = await world.local.functions.invoke(name, JSON.stringify(event));
  if (result.outcome !== 'answered') throw new Error(result.outcome);
  const answer = JSON.parse(result.payload);
  if (answer.statusCode >= 400) problems.push(result.payload);
  return answer.statusCode;
}

test('no address, parameter, context, key or credential is in any log line, metric, problem or record', async () => {
  const { studio } = world;
  const trigger = ROUTE;
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

  const existing = { ...body, onConflict: 'return' };
  expect(
    (await call('POST', trigger, { body: existing, headers: { 'webhook-id': `${KEY}-existing` } })).body
      .outcome,
  ).toBe('existing');

  // What Studio has no room for, and what stays open.
  const create = { operations: ['CreateExecution' as const] };
  studio.behave({ retryAfter: { form: 'seconds', seconds: 60 }, faults: [{ kind: 'throttle', ...create }] });
  expect((await call('POST', trigger, { body, headers: { 'idempotency-key': `${KEY}-429` } })).status).toBe(
    429,
  );
  studio.behave({ retryAfter: null, faults: [{ kind: 'cut', times: 1, ...create }] });
  const lost = { body: { ...body, to: `${ADDRESS}9` }, headers: { 'idempotency-key': `${KEY}-open` } };
  const open = call('POST', trigger, lost);
  await until(async () => studio.requests.some(({ fault }) => fault === 'cut'), Boolean);
  studio.behave({ faults: [] });
  expect((await call('POST', trigger, lost)).body.type).toBe('/problems/request-in-progress');
  clock.travel(LOOKED_LONG_ENOUGH_MS);
  expect((await open).body.type).toBe('/problems/outcome-unknown');

  // What is refused, for every reason that there is.
  await call('POST', trigger, { body: { to: `+0${ADDRESS}`, parameters: ADDRESS } });
  await call('POST', trigger, {
    body: `{"to":"${ADDRESS}"`,
    headers: { 'content-type': 'application/json' },
  });
  await call('POST', trigger, { body: ADDRESS, headers: { 'content-type': 'text/plain' } });
  await call('POST', trigger, { body, headers: { 'idempotency-key': `"${KEY}` } });
  await call('POST', trigger, { body, token: 'marked-wrong-token' });
  await call('GET', `${trigger}?contact=${ADDRESS}&cursor=${NAME}`);
  await call('GET', `${trigger}?status=${NAME}&contact=+0${ADDRESS}`);
  await call('GET', `/flows/${NAME}/executions`);
  await call('GET', `${trigger}/${NAME}`);
  await call('GET', `/${NAME}?contact=${ADDRESS}`);
  await call('POST', '/purges', { body: { flows: 'all', contact: `+0${ADDRESS}` } });
  // What stands in the place of a name by mistake.
  const asForm = { 'content-type': 'application/x-www-form-urlencoded' };
  for (const text of [JSON.stringify(body), `${encodeURIComponent(ADDRESS)}=1`, `To=1&Dear ${NAME}=1`])
    await call('POST', trigger, { body: text, headers: asForm });
  await call('POST', trigger, { body: { ...body, [ADDRESS]: 1, parameters: { [ADDRESS]: '\ud800' } } });
  await call('GET', `${trigger}?${encodeURIComponent(ADDRESS)}=1`);
  // What Studio refuses, also when the refusal is kept for the key.
  for (const key of [{}, { 'idempotency-key': `${KEY}-refused` }, { 'idempotency-key': `${KEY}-refused` }]) {
    const wrong = { to: 'client:marked-and-no-address'.padEnd(295, 'x'), from: SENDER };
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

  const wrong = [{ username: 'SK', password: 'other' }];
  const { credentials: right } = studio.behaviour();
  studio.behave({ credentials: wrong });
  expect((await call('GET', '/flows/welcome')).status).toBe(502);
  studio.behave({ credentials: right });

  // What each kind of caller may do.
  const json = JSON.stringify({ ...body, to: `${ADDRESS}5` });
  const form2 = { To: `${ADDRESS}6`, From: SENDER, Parameters: JSON.stringify({ name: NAME }) };
  for (const status of [201, 201]) {
    expect((await byWebhook('POST', trigger, json, KEY)).status).toBe(status);
    expect((await byTwilio('POST', trigger, form2, KEY)).status).toBe(status);
    expect(await byIam('trigger', `POST ${trigger}`, { ...body, to: `${ADDRESS}7` })).toBe(status);
  }
  expect((await byTwilio('POST', trigger, form2, `${KEY}-other`)).status).toBe(409);
  expect((await byWebhook('POST', trigger, '{"to":', KEY)).status).toBe(400);
  expect((await byTwilio('POST', trigger, { ...form2, Parameters: NAME }, KEY)).status).toBe(422);
  expect(await byIam('trigger', `POST ${trigger}`, { to: `+0${ADDRESS}` })).toBe(422);
  const search = `/executions?contact=${encodeURIComponent(`${ADDRESS}5`)}`;
  expect((await byWebhook('GET', search, '', KEY)).status).toBe(403);
  expect((await byTwilio('GET', search, {}, KEY)).status).toBe(403);
  expect(await byIam('query', `GET ${search}`)).toBe(200);
  const [{ sid: ofWebhook }] = (await call('GET', search)).body.executions;
  expect(await byIam('end', `POST ${trigger}/${ofWebhook}/end`)).toBe(200);
  expect(await byIam('delete', `DELETE ${trigger}/${ofWebhook}`)).toBe(200);
  const erase = { flows: 'all', contact: `${ADDRESS}6`, status: 'any' };
  expect((await byWebhook('POST', '/purges', JSON.stringify(erase), KEY)).status).toBe(403);
  expect(await byIam('purge', 'POST /purges', erase)).toBe(202);

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

  await call('GET', '/purges');
  await call('POST', `/purges/${record.id}/stop`);
  await world.local.fireSchedule();
  await until(async () => logs.some(({ line }) => line.includes('policy started')), Boolean);

  // Every function, kind of caller and kind of outcome is among what is searched.
  const lines = logs.map(({ line }) => line);
  expect(new Set(logs.map((one) => one.function))).toEqual(
    new Set(['trigger', 'query', 'end', 'delete', 'purge', 'cleanup']),
  );
  for (const kind of ['bearer', 'webhook', 'twilio', 'iam'])
    expect([kind, lines.some((line) => line.includes(`"callerKind":"${kind}"`))]).toEqual([kind, true]);
  for (const outcome of ['created', 'replaced', 'existing', ...SLUGS])
    expect([outcome, lines.some((line) => line.includes(`"outcome":"${outcome}"`))]).toEqual([outcome, true]);
  expect(lines.filter((line) => MARK.test(line))).toEqual([]);
  // Only names that look like one are told back: see serve.test.ts.
  expect(problems.length).toBeGreaterThan(20);
  expect(problems.filter((problem) => MARK.test(problem))).toEqual([]);
  const archives = world.local.s3?.store.list(world.local.resources.archiveBucket) ?? [];
  expect(archives.length).toBeGreaterThan(0);
  expect(archives.filter(({ key }) => MARK.test(key))).toEqual([]);

  const client = new DynamoDBClient(clientOf(world.local.endpoints.DYNAMODB));
  const { Items = [] } = await client.send(new ScanCommand({ TableName: world.local.resources.table }));
  client.destroy();
  expect(Items.length).toBeGreaterThan(3);
  const rows = Items.map((item) => JSON.stringify(item));
  expect(rows.filter((row) => MARK.test(row))).toEqual([]);
}, 120_000);
