import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type Local, startLocal } from '../../infra/local/local.ts';
import type { Fault } from '../../infra/local/studio/behaviour.ts';
import type { SimulatedStudio } from '../../infra/local/studio/server.ts';
import { checkConfig } from '../../lib/config.ts';

const FLOW = `FW${'a'.repeat(32)}`;
const SENDERLESS = `FW${'b'.repeat(32)}`;
const TO = '+15550001111';
const ROUTE = '/flows/welcome/executions';

const config = checkConfig({
  flows: [
    { alias: 'welcome', sid: FLOW, from: '+15550009999' },
    { alias: 'senderless', sid: SENDERLESS },
  ],
});

let local: Local;
let studio: SimulatedStudio;
const logs: string[] = [];

beforeAll(async () => {
  local = await startLocal({ config, onLog: ({ line }) => logs.push(line) });
  if (!local.studio) throw new Error('no simulated Studio');
  studio = local.studio;
});
afterAll(() => local.close());
afterEach(() => studio.reset());

let keys = 0;
const newKey = () => `key-${++keys}`;

async function post(path: string, body: unknown, headers: Record<string, string> = {}, url = local.url) {
  const response = await fetch(url + path, {
    method: 'POST',
    headers: { authorization: 'Bearer local-admin', 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  // Problems and executions alike; each test says what it expects.
  // biome-ignore lint/suspicious/noExplicitAny: what is expected of it is said by each test
  const json: any = await response.json();
  return { status: response.status, headers: response.headers, json };
}

const executions = () => [...studio.store.list({})];

function failCreates(fault: Partial<Fault> & Pick<Fault, 'kind'>): void {
  studio.behave({ endAfterMs: 1, faults: [{ operations: ['CreateExecution'], times: 1, ...fault }] });
}

describe('POST /flows/{flow}/executions', () => {
  test('creates an execution, and answers the same again for the same key', async () => {
    const headers = { 'idempotency-key': newKey() };
    const first = await post(ROUTE, { to: TO, parameters: { name: 'Ada' } }, headers);
    expect(first.status).toBe(201);
    expect(first.headers.has('idempotent-replayed')).toBe(false);
    expect(first.json).toMatchObject({
      outcome: 'created',
      execution: { flow: 'welcome', flowSid: FLOW, status: 'active', contactChannelAddress: TO },
    });
    const again = await post(ROUTE, { parameters: { name: 'Ada' }, to: TO }, headers);
    expect(again.status).toBe(201);
    expect(again.headers.get('idempotent-replayed')).toBe('true');
    expect(JSON.stringify(again.json)).toBe(JSON.stringify(first.json));
    expect(executions()).toMatchObject([{ to: TO, from: '+15550009999', parameters: { name: 'Ada' } }]);
  });

  test('takes a form and the other two headers for keys, too', async () => {
    const form = new URLSearchParams({ To: TO, Parameters: '{"name":"Ada"}' }).toString();
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    for (const name of ['webhook-id', 'i-twilio-idempotency-token']) {
      studio.reset();
      const key = { [name]: newKey() };
      expect((await post(ROUTE, form, { ...headers, ...key })).status).toBe(201);
      expect((await post(ROUTE, form, { ...headers, ...key })).headers.get('idempotent-replayed')).toBe(
        'true',
      );
      expect(executions()).toHaveLength(1);
    }
  });

  test('refuses the key for another payload', async () => {
    const headers = { 'idempotency-key': newKey() };
    await post(ROUTE, { to: TO }, headers);
    const reused = await post(ROUTE, { to: '+15550002222' }, headers);
    expect([reused.status, reused.json.type]).toEqual([422, '/problems/idempotency-key-reused']);
    expect(executions()).toHaveLength(1);
  });

  test('delivered ten times at once creates one; nobody gets another answer than 201 or 409', async () => {
    studio.behave({ latencyMs: 100, endAfterMs: 1 });
    const headers = { 'idempotency-key': newKey() };
    const answers = await Promise.all(Array.from({ length: 10 }, () => post(ROUTE, { to: TO }, headers)));
    for (const { status, json, headers: answered } of answers) {
      expect([201, 409]).toContain(status);
      if (status !== 409) continue;
      expect(json.type).toBe('/problems/request-in-progress');
      expect(Number(answered.get('retry-after'))).toBeGreaterThan(0);
    }
    expect(answers.some(({ status }) => status === 201)).toBe(true);
    expect(executions()).toHaveLength(1);
  });

  test('names every mistake, and nothing goes upstream', async () => {
    const body = { to: TO, parameters: { studioExecutionsCorrelation: 'mine' } };
    const { status, json } = await post('/flows/senderless/executions', body, {
      'idempotency-key': newKey(),
    });
    expect([status, json.type]).toEqual([422, '/problems/invalid-request']);
    expect(json.errors.map(({ pointer }: { pointer: string }) => pointer)).toEqual([
      '#/parameters/studioExecutionsCorrelation',
      '#/from',
    ]);
    expect(studio.requests).toHaveLength(0);
  });

  test('tells of the active execution, returns it, or replaces it', async () => {
    const first = (await post(ROUTE, { to: TO })).json.execution.sid;
    const conflict = await post(ROUTE, { to: TO });
    expect([conflict.status, conflict.json.type]).toEqual([409, '/problems/active-execution-exists']);
    expect(conflict.json.conflictingExecutionSid).toBe(first);
    const existing = await post(ROUTE, { to: TO, onConflict: 'return' });
    expect([existing.status, existing.json.outcome, existing.json.execution.sid]).toEqual([
      200,
      'existing',
      first,
    ]);
    const replaced = await post(ROUTE, { to: TO, onConflict: 'replace' });
    expect([replaced.status, replaced.json.outcome]).toEqual([200, 'replaced']);
    expect(executions().map(({ status }) => status)).toEqual(['ended', 'active']);
  });

  test('finds an execution whose answer was lost', async () => {
    failCreates({ kind: 'cut', work: 'done' });
    const { status, json } = await post(ROUTE, { to: TO }, { 'idempotency-key': newKey() });
    expect([status, json.outcome]).toEqual([201, 'created']);
    expect(executions().map(({ sid }) => sid)).toEqual([json.execution.sid]);
  });

  test('repeats what Studio throttled', async () => {
    failCreates({ kind: 'throttle', times: 2 });
    expect((await post(ROUTE, { to: TO }, { 'idempotency-key': newKey() })).status).toBe(201);
    expect(executions()).toHaveLength(1);
  });

  test('passes on what Studio rejects, without the address, and the key can be used again', async () => {
    const headers = { 'idempotency-key': newKey() };
    studio.behave({
      faults: [{ kind: 'error', status: 400, operations: ['CreateExecution'], times: 1 }],
    });
    const rejected = await post(ROUTE, { to: TO }, headers);
    expect([rejected.status, rejected.json.type]).toEqual([422, '/problems/rejected-by-studio']);
    expect((await post(ROUTE, { to: TO }, headers)).status).toBe(201);
  });
});

describe('a table that cannot be reached', () => {
  test('means 503 and no create; without a key nothing is asked of it', async () => {
    const [flow] = config.flows;
    const tableless = await startLocal({
      config: { ...config, flows: flow ? [flow] : [] },
      variables: { AWS_ENDPOINT_URL_DYNAMODB: 'http://127.0.0.1:9' },
    });
    try {
      const refused = await post(ROUTE, { to: TO }, { 'idempotency-key': newKey() }, tableless.url);
      expect([refused.status, refused.json.type]).toEqual([503, '/problems/unavailable']);
      expect(refused.headers.has('retry-after')).toBe(true);
      expect(tableless.studio?.requests).toHaveLength(0);
      expect((await post(ROUTE, { to: TO }, {}, tableless.url)).status).toBe(201);
    } finally {
      await tableless.close();
    }
  });
});

describe('the secret', () => {
  test('without its fields is told in the log and not in the answer, and is read again by the next request', async () => {
    const broken: string[] = [];
    const secretless = await startLocal({
      config,
      secret: { apiKeySid: 'wrong' },
      onLog: ({ line }) => broken.push(line),
    });
    try {
      const { status, json } = await post(ROUTE, { to: TO }, {}, secretless.url);
      expect([status, json.type]).toEqual([500, '/problems/internal']);
      expect(JSON.stringify(json)).not.toContain('apiKeySid');
      await expect.poll(() => broken.join('\n')).toContain('#/apiKeySid must be an API key SID');
      const { secretId } = secretless.resources;
      const mended = {
        accountSid: `AC${'a'.repeat(32)}`,
        apiKeySid: `SK${'a'.repeat(32)}`,
        apiKeySecret: 'local',
      };
      const callers = [{ name: 'local-admin', token: 'local-admin', scopes: ['trigger'] }];
      secretless.secrets?.put(secretId, JSON.stringify({ ...mended, callers }));
      expect((await post(ROUTE, { to: TO }, {}, secretless.url)).status).toBe(201);
    } finally {
      await secretless.close();
    }
  });

  test('rotated at Twilio is read again on the first 401, and no request is lost', async () => {
    await post(ROUTE, { to: '+15550003333' });
    const rotated = { username: `SK${'c'.repeat(32)}`, password: 'rotated' };
    studio.behave({ credentials: [rotated] });
    const { secretId } = local.resources;
    const callers = [{ name: 'local-admin', token: 'local-admin', scopes: ['trigger', 'read'] }];
    const secret = {
      accountSid: `AC${'a'.repeat(32)}`,
      apiKeySid: rotated.username,
      apiKeySecret: rotated.password,
    };
    local.secrets?.put(secretId, JSON.stringify({ ...secret, callers }));
    expect((await post(ROUTE, { to: TO }, { 'idempotency-key': newKey() })).status).toBe(201);
    expect(studio.requests.map(({ status }) => status)).toContain(401);
  });
});

test('no log line of all this names an address, a parameter, a key or a credential', () => {
  const written = logs.join('\n');
  expect(written).toContain('"message":"request"');
  for (const secret of ['5550001111', '5550002222', '5550003333', 'Ada', 'key-1', 'local-admin"}', 'rotated'])
    expect(written).not.toContain(secret);
});
