import { afterEach, describe, expect, onTestFinished, test } from 'vitest';
import {
  LOCAL_CALLERS,
  localSecret,
  SIMULATED_ACCOUNT,
  type StudioAccount,
} from '../../infra/local/caller-tokens.ts';
import type { Fault } from '../../infra/simulator/faults/behaviour.ts';
import type { Secret } from '../../lib/config/secret.ts';
import { type Call, startWorld, type World, type WorldOptions, worldOfFile } from '../support/local/world.ts';

const FLOW = `FW${'a'.repeat(32)}`;
const SENDERLESS = `FW${'b'.repeat(32)}`;
const TO = '+15550001111';

const flows = [
  { alias: 'welcome', sid: FLOW, from: '+15550009999' },
  { alias: 'senderless', sid: SENDERLESS },
];
const callers: Secret['callers'] = [
  ...LOCAL_CALLERS,
  { name: 'senderless-only', token: 'senderless-only', scopes: ['trigger'], flows: ['senderless'] },
];
const world = await worldOfFile({ configInput: { flows }, secret: { callers } });
const { studio, call, logs } = world;
afterEach(() => studio.reset());

let keys = 0;
const newKey = () => `key-${++keys}`;

/** Triggers the welcome flow. */
function post(body: unknown, headers: Record<string, string> = {}, by: Call = call) {
  return by('POST', '/flows/welcome/executions', { body, headers });
}

const executions = () => [...studio.store.list({})];

function failCreates(fault: Partial<Fault> & Pick<Fault, 'kind'>): void {
  studio.behave({ endAfterMs: 1, faults: [{ operations: ['CreateExecution'], times: 1, ...fault }] });
}

describe('POST /flows/{flow}/executions', () => {
  test('creates an execution, and answers the same again for the same key', async () => {
    const headers = { 'idempotency-key': newKey() };
    const first = await post({ to: TO, parameters: { name: 'Ada' } }, headers);
    expect(first.status).toBe(201);
    expect(first.headers.has('idempotent-replayed')).toBe(false);
    expect(first.body).toMatchObject({
      outcome: 'created',
      execution: { flow: 'welcome', flowSid: FLOW, status: 'active', contactChannelAddress: TO },
    });
    const again = await post({ parameters: { name: 'Ada' }, to: TO }, headers);
    expect(again.status).toBe(201);
    expect(again.headers.get('idempotent-replayed')).toBe('true');
    expect(JSON.stringify(again.body)).toBe(JSON.stringify(first.body));
    expect(executions()).toMatchObject([{ to: TO, from: '+15550009999', parameters: { name: 'Ada' } }]);
  });

  test('takes a form and the other two headers for keys, too', async () => {
    const form = new URLSearchParams({ To: TO, Parameters: '{"name":"Ada"}' }).toString();
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    for (const name of ['webhook-id', 'i-twilio-idempotency-token']) {
      studio.reset();
      const key = { [name]: newKey() };
      expect((await post(form, { ...headers, ...key })).status).toBe(201);
      expect((await post(form, { ...headers, ...key })).headers.get('idempotent-replayed')).toBe('true');
      expect(executions()).toHaveLength(1);
    }
  });

  test('takes null and an empty field for the payload without that member', async () => {
    const headers = { 'idempotency-key': newKey() };
    expect((await post({ to: TO }, headers)).status).toBe(201);
    const again = await post({ to: TO, from: null, parameters: null, onConflict: null }, headers);
    const form = { ...headers, 'content-type': 'application/x-www-form-urlencoded' };
    const byForm = await post(`To=${encodeURIComponent(TO)}&From=&Parameters=&OnConflict=`, form);
    for (const { status, headers: answered } of [again, byForm])
      expect([status, answered.get('idempotent-replayed')]).toEqual([201, 'true']);
    expect(executions()).toHaveLength(1);
  });

  test('refuses the key for another payload', async () => {
    const headers = { 'idempotency-key': newKey() };
    await post({ to: TO }, headers);
    const reused = await post({ to: '+15550002222' }, headers);
    expect([reused.status, reused.body.type]).toEqual([422, '/problems/idempotency-key-reused']);
    expect(executions()).toHaveLength(1);
  });

  test('delivered ten times at once creates one; nobody gets another answer than 201 or 409', async () => {
    studio.behave({ latencyMs: 100, endAfterMs: 1 });
    const headers = { 'idempotency-key': newKey() };
    const answers = await Promise.all(Array.from({ length: 10 }, () => post({ to: TO }, headers)));
    for (const { status, body, headers: answered } of answers) {
      expect([201, 409]).toContain(status);
      if (status !== 409) continue;
      expect(body.type).toBe('/problems/request-in-progress');
      expect(Number(answered.get('retry-after'))).toBeGreaterThan(0);
    }
    expect(answers.some(({ status }) => status === 201)).toBe(true);
    expect(executions()).toHaveLength(1);
  });

  test('names every mistake, and nothing goes upstream', async () => {
    const { status, body } = await call('POST', '/flows/senderless/executions', {
      body: { to: TO, parameters: { studioExecutionsCorrelation: 'mine' } },
      headers: { 'idempotency-key': newKey() },
    });
    expect([status, body.type]).toEqual([422, '/problems/invalid-request']);
    expect(body.errors.map(({ pointer }: { pointer: string }) => pointer)).toEqual([
      '#/parameters/studioExecutionsCorrelation',
      '#/from',
    ]);
    expect(studio.requests).toHaveLength(0);
  });

  test.each(['fail', 'return', 'replace'])(
    'tells a caller of some flows no SID of another flow’s execution, with %s',
    async (onConflict) => {
      const limited = (alias: string) =>
        call('POST', `/flows/${alias}/executions`, {
          body: { to: TO, from: '+15550009999', onConflict },
          token: 'senderless-only',
        });
      const elsewhere = (await post({ to: TO })).body.execution.sid;
      const hidden = await limited('senderless');
      expect([hidden.status, hidden.body.type]).toEqual([409, '/problems/active-execution-exists']);
      expect(hidden.body.conflictingExecutionSid).toBeNull();
      expect(JSON.stringify(hidden.body)).not.toContain(elsewhere);
      expect(executions().map(({ status }) => status)).toEqual(['active']);
    },
  );

  test('tells a caller of some flows the SID of its own flow’s execution', async () => {
    const send = () =>
      call('POST', '/flows/senderless/executions', {
        body: { to: TO, from: '+15550009999' },
        token: 'senderless-only',
      });
    const { sid } = (await send()).body.execution;
    expect((await send()).body.conflictingExecutionSid).toBe(sid);
    // What is not known is not told.
    studio.behave({ faults: [{ operations: ['FetchExecution'], kind: 'html' }] });
    expect((await send()).body.conflictingExecutionSid).toBeNull();
  });

  test('tells of the active execution, returns it, or replaces it', async () => {
    const first = (await post({ to: TO })).body.execution.sid;
    const conflict = await post({ to: TO });
    expect([conflict.status, conflict.body.type]).toEqual([409, '/problems/active-execution-exists']);
    expect(conflict.body.conflictingExecutionSid).toBe(first);
    const existing = await post({ to: TO, onConflict: 'return' });
    expect([existing.status, existing.body.outcome, existing.body.execution.sid]).toEqual([
      200,
      'existing',
      first,
    ]);
    const replaced = await post({ to: TO, onConflict: 'replace' });
    expect([replaced.status, replaced.body.outcome]).toEqual([200, 'replaced']);
    expect(executions().map(({ status }) => status)).toEqual(['ended', 'active']);
  });

  test('finds an execution whose answer was lost', async () => {
    failCreates({ kind: 'cut', work: 'done' });
    const { status, body } = await post({ to: TO }, { 'idempotency-key': newKey() });
    expect([status, body.outcome]).toEqual([201, 'created']);
    expect(executions().map(({ sid }) => sid)).toEqual([body.execution.sid]);
  });

  test('repeats what Studio throttled', async () => {
    failCreates({ kind: 'throttle', times: 2 });
    expect((await post({ to: TO }, { 'idempotency-key': newKey() })).status).toBe(201);
    expect(executions()).toHaveLength(1);
  });

  test('passes on what Studio rejects, without the address, and the key can be used again', async () => {
    const headers = { 'idempotency-key': newKey() };
    studio.behave({
      faults: [{ kind: 'error', status: 400, operations: ['CreateExecution'], times: 1 }],
    });
    const rejected = await post({ to: TO }, headers);
    expect([rejected.status, rejected.body.type]).toEqual([422, '/problems/rejected-by-studio']);
    expect((await post({ to: TO }, headers)).status).toBe(201);
  });
});

describe('a table that cannot be reached', () => {
  test('means 503 and no create; without a key nothing is asked of it', async () => {
    const tableless = await another({ variables: { AWS_ENDPOINT_URL_DYNAMODB: 'http://127.0.0.1:9' } });
    const refused = await post({ to: TO }, { 'idempotency-key': newKey() }, tableless.call);
    expect([refused.status, refused.body.type]).toEqual([503, '/problems/unavailable']);
    expect(refused.headers.has('retry-after')).toBe(true);
    expect(tableless.studio.requests).toHaveLength(0);
    expect((await post({ to: TO }, {}, tableless.call)).status).toBe(201);
  });
});

describe('the secret', () => {
  test('without its fields is told in the log and not in the answer, and is read again by the next request', async () => {
    const secretless = await another({ secret: { apiKeySid: 'wrong' } });
    const { status, body, headers } = await post({ to: TO }, {}, secretless.call);
    expect([status, body.type]).toEqual([503, '/problems/unavailable']);
    expect(headers.get('retry-after')).toBe('5');
    expect(JSON.stringify(body)).not.toContain('apiKeySid');
    await expect.poll(() => secretless.logs.join('\n')).toContain('#/apiKeySid must be an API key SID');
    putSecret(secretless, SIMULATED_ACCOUNT);
    expect((await post({ to: TO }, {}, secretless.call)).status).toBe(201);
  });

  test('rotated at Twilio is read again on the first 401, and no request is lost', async () => {
    await post({ to: '+15550003333' });
    const rotated = { apiKeySid: `SK${'c'.repeat(32)}`, apiKeySecret: 'rotated' };
    studio.behave({ credentials: [{ username: rotated.apiKeySid, password: rotated.apiKeySecret }] });
    putSecret(world, { ...SIMULATED_ACCOUNT, ...rotated });
    expect((await post({ to: TO }, { 'idempotency-key': newKey() })).status).toBe(201);
    expect(studio.requests.map(({ status }) => status)).toContain(401);
  });
});

/** A world of a test's own, closed when the test is over. */
async function another(options: WorldOptions): Promise<World> {
  const own = await startWorld({ configInput: { flows }, ...options });
  onTestFinished(() => own.local.close());
  return own;
}

function putSecret({ local }: World, account: StudioAccount): void {
  local.secrets?.put(local.resources.secretId, localSecret(account));
}

test('no log line of all this names an address, a parameter, a key or a credential', () => {
  const written = logs.join('\n');
  expect(written).toContain('"message":"request"');
  for (const secret of ['5550001111', '5550002222', '5550003333', 'Ada', 'key-1', 'local-admin"}', 'rotated'])
    expect(written).not.toContain(secret);
});
