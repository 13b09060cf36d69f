import { describe, expect, test } from 'vitest';
import type { Studio } from '../../../../lib/studio/client.ts';
import {
  ACCOUNT,
  collect,
  EXECUTION,
  execution,
  FLOW,
  failureOf,
  STEP,
  sidOf,
  story,
} from '../../../support/studio/stories.ts';

const ELSEWHERE = { account: `AC${'b'.repeat(32)}`, flow: `FW${'b'.repeat(32)}` };
const OTHER = { execution: `FN${'b'.repeat(32)}`, step: `FT${'b'.repeat(32)}` };
const person = { to: '+15550000001', from: '+15550000002' };
const of = { account_sid: ACCOUNT.accountSid, flow_sid: FLOW, execution_sid: EXECUTION };
const step = { ...of, sid: STEP };
const flow = { sid: FLOW, account_sid: ACCOUNT.accountSid };

type Ask = (studio: Studio) => Promise<unknown>;
const asks = {
  create: (studio) => studio.executions.create(FLOW, person),
  fetch: (studio) => studio.executions.fetch(FLOW, EXECUTION),
  end: (studio) => studio.executions.end(FLOW, EXECUTION),
  list: (studio) => collect(studio.executions.list(FLOW)),
  context: (studio) => studio.executions.context(FLOW, EXECUTION),
  steps: (studio) => collect(studio.steps.list(FLOW, EXECUTION)),
  step: (studio) => studio.steps.fetch(FLOW, EXECUTION, STEP),
  stepContext: (studio) => studio.steps.context(FLOW, EXECUTION, STEP),
  flow: (studio) => studio.flows.fetch(FLOW),
  flows: (studio) => collect(studio.flows.list()),
  createFlow: (studio) => studio.flows.create({ friendlyName: 'x', status: 'draft', definition: {} }),
  updateFlow: (studio) => studio.flows.update(FLOW, { status: 'draft' }),
  revision: (studio) => studio.revisions.fetch(FLOW, 1),
  revisions: (studio) => collect(studio.revisions.list(FLOW)),
  testUsers: (studio) => studio.testUsers.fetch(FLOW),
} satisfies Record<string, Ask>;

const page = (key: string, ...items: unknown[]) => ({ [key]: items, meta: { key, next_page_url: null } });
const answered = async (ask: Ask, body: object) => {
  const { studio } = await story(() => ({ status: 200, body }));
  return ask(studio);
};

describe('an answer about something else than was asked for is no answer of Studio’s', () => {
  test.each<[string, Ask, object]>([
    ['no SID, to a fetch', asks.fetch, execution('not a SID')],
    ['a flow, to a fetch', asks.fetch, execution(FLOW)],
    ['a SID that is too long, to a fetch', asks.fetch, execution(`${EXECUTION}0`)],
    ['another execution, to a fetch', asks.fetch, execution(OTHER.execution)],
    ['another account’s, to a fetch', asks.fetch, execution(EXECUTION, { account_sid: ELSEWHERE.account })],
    ['another execution, to an end', asks.end, execution(OTHER.execution, { status: 'ended' })],
    ['a flow among executions', asks.list, page('executions', execution(), execution(FLOW))],
    [
      'another account’s among executions',
      asks.list,
      page('executions', execution(EXECUTION, { account_sid: ELSEWHERE.account })),
    ],
    [
      'a list of accounts, to a fetch',
      asks.fetch,
      execution(EXECUTION, { account_sid: [ACCOUNT.accountSid] }),
    ],
    ['a number for an account, to a fetch', asks.fetch, execution(EXECUTION, { account_sid: 7 })],
    ['an object for a flow, to a fetch', asks.fetch, execution(EXECUTION, { flow_sid: { sid: FLOW } })],
    ['a list of flows, to a fetch', asks.fetch, execution(EXECUTION, { flow_sid: [ELSEWHERE.flow] })],
    ['false for a flow, to a fetch', asks.fetch, execution(EXECUTION, { flow_sid: false })],
    ['an object for an execution, to a context', asks.context, { ...of, execution_sid: {}, context: {} }],
    ['a number for a step, to its context', asks.stepContext, { ...of, step_sid: 1, context: {} }],
    ['another execution’s context', asks.context, { ...of, execution_sid: OTHER.execution, context: {} }],
    ['another account’s context', asks.context, { ...of, account_sid: ELSEWHERE.account, context: {} }],
    ['an execution among steps', asks.steps, page('steps', step, { ...step, sid: EXECUTION })],
    ['another execution’s steps', asks.steps, page('steps', { ...step, execution_sid: OTHER.execution })],
    ['another step', asks.step, { ...step, sid: OTHER.step }],
    ['another step’s context', asks.stepContext, { ...of, step_sid: OTHER.step, context: {} }],
    ['another flow', asks.flow, { ...flow, sid: ELSEWHERE.flow }],
    ['an execution, to a flow', asks.flow, { ...flow, sid: EXECUTION }],
    ['an execution among flows', asks.flows, page('flows', { ...flow, sid: EXECUTION })],
    ['another account’s among flows', asks.flows, page('flows', { ...flow, account_sid: ELSEWHERE.account })],
    ['an execution for a new flow', asks.createFlow, { ...flow, sid: EXECUTION }],
    ['another flow for an update', asks.updateFlow, { ...flow, sid: ELSEWHERE.flow }],
    ['another flow’s revision', asks.revision, { ...flow, sid: ELSEWHERE.flow, revision: 1 }],
    [
      'another flow’s revisions',
      asks.revisions,
      page('revisions', { ...flow, sid: ELSEWHERE.flow, revision: 1 }),
    ],
    ['another flow’s test users', asks.testUsers, { sid: ELSEWHERE.flow, test_users: [] }],
  ])('%s', async (_, ask, body) => {
    expect(await failureOf(answered(ask, body))).toMatchObject({ kind: 'nonsense', sent: true });
  });

  test.each([
    ['no SID', execution('not a SID')],
    ['a flow', execution(FLOW)],
    ['another account’s', execution(EXECUTION, { account_sid: ELSEWHERE.account })],
    ['another flow’s', execution(EXECUTION, { flow_sid: ELSEWHERE.flow })],
  ])('to a create, where it leaves open what was created: %s', async (_, body) => {
    const { studio, requests } = await story(() => ({ status: 201, body }));
    expect(await asks.create(studio)).toMatchObject({ outcome: 'unknown', cause: { kind: 'nonsense' } });
    expect(requests).toHaveLength(1);
  });
});

describe('an answer of another flow', () => {
  const elsewhere = { flow_sid: ELSEWHERE.flow };
  test.each<[string, Ask, object]>([
    ['execution', asks.fetch, execution(EXECUTION, elsewhere)],
    ['context', asks.context, { ...of, ...elsewhere, context: {} }],
    ['steps', asks.steps, page('steps', { ...step, ...elsewhere })],
    ['step', asks.step, { ...step, ...elsewhere }],
    ['step’s context', asks.stepContext, { ...of, ...elsewhere, context: {} }],
  ])('is told apart where it was read: %s', async (_, ask, body) => {
    expect(await failureOf(answered(ask, body))).toMatchObject({ kind: 'other-flow' });
  });

  test('to an end is a look’s to judge', async () => {
    const { studio } = await story(({ method }) =>
      method === 'POST'
        ? { status: 200, body: execution(EXECUTION, { ...elsewhere, status: 'ended' }) }
        : { status: 200, body: execution(EXECUTION, elsewhere) },
    );
    expect(await failureOf(asks.end(studio))).toMatchObject({ kind: 'other-flow' });
  });

  test('is left out of a list of executions, on whose pages there may be nothing else', async () => {
    const more = (token: string) => ({ next_page_url: `/v2/Flows/${FLOW}/Executions?PageToken=${token}` });
    const others = [3, 4].map((number) => execution(sidOf(number), elsewhere));
    const { studio } = await story([
      { status: 200, body: { executions: others, meta: more('2') } },
      { status: 200, body: { executions: [execution(), ...others], meta: { next_page_url: null } } },
    ]);
    expect(await asks.list(studio)).toMatchObject([{ sid: EXECUTION }]);
  });
});

test.each<[string, Ask, object]>([
  ['an execution', asks.fetch, { sid: EXECUTION }],
  ['an execution with nulls', asks.fetch, execution(EXECUTION, { account_sid: null, flow_sid: null })],
  ['a context', asks.context, { context: {} }],
  ['a step', asks.step, { sid: STEP, execution_sid: null }],
  ['a step’s context', asks.stepContext, { context: {}, step_sid: null }],
  ['a flow', asks.flow, { sid: FLOW }],
])('%s need not say whose it is', async (_, ask, body) => {
  await expect(answered(ask, body)).resolves.toBeDefined();
});
