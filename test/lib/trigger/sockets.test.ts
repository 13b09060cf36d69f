import { describe, expect, onTestFinished, test } from 'vitest';
import type { BehaviourChange, Fault } from '../../../infra/simulator/faults/behaviour.ts';
import { startSimulatedStudio } from '../../../infra/simulator/server.ts';
import { createClaimStore } from '../../../lib/aws/table/claims.ts';
import { createStudio } from '../../../lib/studio/client.ts';
import { CORRELATION_PARAMETER } from '../../../lib/trigger/correlation.ts';
import { type TriggerPorts, trigger } from '../../../lib/trigger/trigger.ts';
import { tableOfFile } from '../../support/table.ts';
import { BODY, CONTACT, WELCOME } from '../../support/trigger/world.ts';

const FLOW_SID = WELCOME.sid;
const REQUEST_MS = 25_000;
const table = await tableOfFile();
let callers = 0;

/** The simulated Studio and the table over sockets, with one clock for all that sleeping moves on. */
async function prepare(behaviour: BehaviourChange = {}, flows = [FLOW_SID]) {
  // Whose keys nobody has used before.
  const caller = `bearer:${++callers}`;
  const clock = { aheadMs: 0 };
  const now = () => Date.now() + clock.aheadMs;
  const sleep = async (ms: number) => {
    clock.aheadMs += ms;
  };
  const simulated = await startSimulatedStudio({ now, behaviour, flows: flows.map((sid) => ({ sid })) });
  const studio = createStudio({
    accountSid: `AC${'a'.repeat(32)}`,
    username: `SK${'a'.repeat(32)}`,
    password: 'local',
    baseUrl: simulated.url,
    now,
    sleep,
  });
  onTestFinished(async () => {
    await studio.close();
    await simulated.close();
  });

  let ids = 0;
  const ports: TriggerPorts = {
    claims: createClaimStore(table),
    executions: studio.executions,
    apiKeySecret: async () => 'local',
    now,
    sleep,
    random: () => 0.5,
    newId: () => `id-${++ids}`,
  };
  const send = (
    idempotencyKey: string | null = 'key-1',
    body: typeof BODY & { onConflict?: 'return' | 'replace' } = BODY,
  ) =>
    trigger(ports, {
      caller,
      route: 'POST /flows/{flow}/executions',
      idempotencyKey,
      flow: WELCOME,
      body,
      deadlineMs: now() + REQUEST_MS,
      signal: new AbortController().signal,
    });
  const found = () => [...simulated.store.list({ flowSid: WELCOME.sid })];
  return { simulated, send, found, pass: sleep };
}

function failing(fault: Partial<Fault> & Pick<Fault, 'kind'>): BehaviourChange {
  return { faults: [{ operations: ['CreateExecution'], times: 1, ...fault }], endAfterMs: 1 };
}

/** A create whose answer looks like one, but for these fields. */
function created(fields: Record<string, unknown>): Pick<Fault, 'kind' | 'work' | 'status' | 'body'> {
  const body = {
    sid: `FN${'0'.repeat(32)}`,
    account_sid: `AC${'a'.repeat(32)}`,
    flow_sid: FLOW_SID,
    ...fields,
  };
  return { kind: 'other-json', work: 'done', status: 201, body };
}

test('a key that is sent twice creates one execution, with the parameters and the correlation value', async () => {
  const { send, found } = await prepare({ endAfterMs: 1 });
  const first = await send();
  expect(first).toMatchObject({ outcome: 'created', replayed: false });
  expect(await send()).toEqual({ ...first, replayed: true });
  expect(found()).toMatchObject([
    { to: CONTACT, parameters: { name: 'Ada', [CORRELATION_PARAMETER]: expect.any(String) } },
  ]);
});

test('ten deliveries at once create one execution', async () => {
  const { send, found } = await prepare({ latencyMs: 20, endAfterMs: 1 });
  const answers = await Promise.all(Array.from({ length: 10 }, () => send()));
  const first = answers.filter((answer) => answer.outcome === 'created' && !answer.replayed);
  expect(first).toHaveLength(1);
  expect(answers.every(({ outcome }) => outcome === 'created' || outcome === 'in-progress')).toBe(true);
  expect(found()).toHaveLength(1);
});

describe('an execution that ends within a millisecond, when the create', () => {
  const done: [string, Partial<Fault> & Pick<Fault, 'kind'>][] = [
    ['loses its connection', { kind: 'cut', work: 'done' }],
    ['loses its connection in the middle of the answer', { kind: 'cut-body', work: 'done' }],
    ['is answered with 503', { kind: 'error', work: 'done' }],
    ['is answered with 500', { kind: 'error', work: 'done', status: 500 }],
    ['is answered with HTML', { kind: 'html', work: 'done' }],
    ['is answered with half of the JSON', { kind: 'truncated-json', work: 'done' }],
    ['is answered with other JSON', { kind: 'other-json', work: 'done' }],
    ['is answered with no SID', created({ sid: 'not a SID' })],
    ['is answered with a flow', created({ sid: FLOW_SID })],
    ['is answered with an execution of another flow', created({ flow_sid: `FW${'b'.repeat(32)}` })],
    ['is answered with an execution of another account', created({ account_sid: `AC${'b'.repeat(32)}` })],
  ];
  test.each(done)('%s after the work, is found and told', async (_, fault) => {
    const { simulated, send, found } = await prepare(failing(fault));
    const answer = await send();
    expect(answer).toMatchObject({ outcome: 'created', execution: { sid: found()[0]?.sid } });
    expect(found()).toHaveLength(1);
    expect(simulated.requests.filter(({ operation }) => operation === 'CreateExecution')).toHaveLength(1);
  });

  const undone: [string, Partial<Fault> & Pick<Fault, 'kind'>][] = [
    ['loses its connection', { kind: 'cut' }],
    ['is answered with 503', { kind: 'error' }],
    ['is answered with HTML', { kind: 'html' }],
    ['is answered with no SID', { ...created({ sid: 'not a SID' }), work: 'undone' }],
  ];
  test.each(undone)('%s before the work, is created later, once', async (_, fault) => {
    const { send, found, pass } = await prepare(failing(fault));
    const answer = await send();
    expect(answer).toMatchObject({ outcome: 'unknown', repeatable: true });
    expect(found()).toHaveLength(0);
    await pass(answer.outcome === 'unknown' ? answer.retryAfterMs : 0);
    expect((await send())?.outcome).toBe('created');
    expect((await send())?.outcome).toBe('created');
    expect(found()).toHaveLength(1);
  });

  test('is throttled, is created when there is room', async () => {
    const { send, found } = await prepare({ ...failing({ kind: 'throttle', times: 3 }), retryAfter: null });
    expect((await send())?.outcome).toBe('created');
    expect(found()).toHaveLength(1);
  });
});

describe('a lost answer is found', () => {
  const ways: [string, BehaviourChange][] = [
    ['behind page tokens that are offsets', { pageToken: 'offset' }],
    ['in pages that are named without a host', { paging: 'relative-url' }],
    ['before an empty last page', { paging: 'empty-last-page' }],
    ['while others arrive', { arrivalsPerList: 3 }],
    ['when lists fail at first', {}],
  ];
  test.each(ways)('%s', async (name, behaviour) => {
    const { simulated, send, found } = await prepare({ ...behaviour, endAfterMs: 1 });
    const dateCreatedFrom = new Date(Date.now() - 50_000).toISOString();
    simulated.store.seed({ flowSid: WELCOME.sid, count: 1_200, firstContact: 5_000_000, dateCreatedFrom });
    const faults = failing({ kind: 'cut', work: 'done' }).faults ?? [];
    if (name.includes('fail')) faults.push({ kind: 'error', operations: ['ListExecution'], times: 6 });
    simulated.behave({ faults });
    const answer = await send();
    expect(answer).toMatchObject({ outcome: 'created' });
    const ours = found().filter(({ to }) => to === CONTACT);
    expect(ours).toHaveLength(1);
    expect(answer).toMatchObject({ execution: { sid: ours[0]?.sid } });
  });
});

test('replace ends the active execution, sees that it ended, and creates the new one', async () => {
  const { simulated, send, found } = await prepare();
  await send('first');
  expect(await send('second', { ...BODY, onConflict: 'replace' })).toMatchObject({ outcome: 'replaced' });
  expect(
    found()
      .map(({ status }) => status)
      .sort(),
  ).toEqual(['active', 'ended']);
  const operations = simulated.requests.map(({ operation }) => operation);
  expect(operations.slice(-4)).toEqual([
    'FetchExecution',
    'UpdateExecution',
    'FetchExecution',
    'CreateExecution',
  ]);
});

describe('where Studio ignores the flow in the path', () => {
  const OTHER_FLOW = `FW${'b'.repeat(32)}`;

  test.each(['return', 'replace'] as const)(
    '%s reports an execution of another flow, and leaves it',
    async (onConflict) => {
      const { simulated, send } = await prepare({ ignoreFlow: true }, [FLOW_SID, OTHER_FLOW]);
      const elsewhere = { flowSid: OTHER_FLOW, contact: CONTACT, sender: WELCOME.from };
      simulated.store.seed({ ...elsewhere, count: 1, activeShare: 1 });
      const [{ sid } = { sid: '' }] = [...simulated.store.list({ flowSid: OTHER_FLOW })];
      expect(await send('key-1', { ...BODY, onConflict })).toEqual({
        outcome: 'conflict',
        conflictingExecutionSid: sid,
      });
      expect(simulated.store.find(sid)?.status).toBe('active');
    },
  );

  test('a lost answer is found in its own flow', async () => {
    const { simulated, send, found } = await prepare({ ignoreFlow: true }, [FLOW_SID, OTHER_FLOW]);
    simulated.behave(failing({ kind: 'cut', work: 'done' }));
    simulated.store.seed({ flowSid: OTHER_FLOW, contact: CONTACT, count: 3, activeShare: 0 });
    expect(await send()).toMatchObject({ outcome: 'created', execution: { sid: found()[0]?.sid } });
  });
});
