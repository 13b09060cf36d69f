import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { SimulatedStudio } from '../../../infra/simulator/options.ts';
import { startSimulatedStudio } from '../../../infra/simulator/server.ts';
import { createStudio, type Studio } from '../../../lib/studio/client.ts';
import { judgeExchange } from '../../judges/openapi.ts';
import { readDocument } from '../../judges/openapi-document.ts';
import { ACCOUNT, collect } from '../../support/studio/stories.ts';

/** Every operation, against the simulated Studio; what went over the wire is judged by Twilio's own document. */

const FLOW = `FW${'a'.repeat(32)}`;
const person = { to: '+15005550006', from: '+15017122661' };
const definition = {
  states: [{ name: 'Trigger', type: 'trigger', transitions: [], properties: {} }],
  initial_state: 'Trigger',
  description: 'x',
  flags: { allow_concurrent_calls: true },
};

let simulated: SimulatedStudio;
let v2: Studio;
let v1: Studio;
let verdicts: string[];
let operations: Set<string>;
/** What was done in all of these tests. */
const done = new Set<string>();

beforeEach(async () => {
  verdicts = [];
  operations = new Set();
  simulated = await startSimulatedStudio({
    onExchange: (exchange) => {
      verdicts.push(...judgeExchange(exchange));
      operations.add(`${exchange.version} ${exchange.operation}`);
    },
  });
  v2 = createStudio({ ...ACCOUNT, baseUrl: simulated.url });
  v1 = createStudio({ ...ACCOUNT, baseUrl: simulated.url, version: 'v1' });
});

afterEach(async () => {
  await Promise.all([v1.close(), v2.close()]);
  await simulated.close();
  expect(verdicts).toEqual([]);
  for (const one of operations) done.add(one);
});

async function createdBy(studio: Studio) {
  const outcome = await studio.executions.create(FLOW, { ...person, parameters: { order: 7, name: 'Zoë' } });
  if (!('execution' in outcome)) throw new Error(`it was not created: ${outcome.outcome}`);
  return outcome.execution;
}

describe('of v2', () => {
  test('an execution is created, found, looked into, ended and deleted', async () => {
    const { sid } = await createdBy(v2);
    expect(await v2.executions.create(FLOW, person)).toEqual({
      outcome: 'conflict',
      conflictingExecutionSid: sid,
    });
    expect(await collect(v2.executions.list(FLOW, { status: 'active' }))).toMatchObject([
      { sid, status: 'active' },
    ]);
    expect(await v2.executions.fetch(FLOW, sid)).toMatchObject({
      sid,
      flowSid: FLOW,
      contactChannelAddress: person.to,
    });
    expect(await v2.executions.context(FLOW, sid)).toMatchObject({
      executionSid: sid,
      context: { flow: { data: { order: 7, name: 'Zoë' } } },
    });
    const [step] = await collect(v2.steps.list(FLOW, sid));
    if (!step) throw new Error('an execution has a step');
    expect(await v2.steps.fetch(FLOW, sid, step.sid)).toEqual(step);
    expect(await v2.steps.context(FLOW, sid, step.sid)).toMatchObject({
      stepSid: step.sid,
      executionSid: sid,
    });
    expect(await v2.executions.end(FLOW, sid)).toMatchObject({
      outcome: 'ended',
      execution: { sid, status: 'ended' },
    });
    expect(await v2.executions.end(FLOW, sid)).toMatchObject({ outcome: 'already-ended' });
    expect(await v2.executions.delete(FLOW, sid)).toEqual({ outcome: 'deleted' });
    expect(await v2.executions.delete(FLOW, sid)).toMatchObject({ outcome: 'already-gone' });
    await expect(v2.executions.fetch(FLOW, sid)).rejects.toMatchObject({ kind: 'not-found', code: 20404 });
  });

  test('a flow is validated, created, revised, listed and deleted', async () => {
    const input = { friendlyName: 'Welcome', status: 'draft', definition } as const;
    expect(await v2.flows.validate(input)).toEqual({ valid: true, errors: [] });
    const flow = await v2.flows.create({ ...input, commitMessage: 'first' });
    expect(flow).toMatchObject({
      friendlyName: 'Welcome',
      status: 'draft',
      revision: 1,
      commitMessage: 'first',
    });
    const updated = await v2.flows.update(flow.sid, { status: 'published', friendlyName: 'Hello' });
    expect(updated).toMatchObject({ friendlyName: 'Hello', status: 'published', revision: 2 });
    expect(await v2.flows.fetch(flow.sid)).toMatchObject({ sid: flow.sid, definition });
    expect((await collect(v2.flows.list())).map(({ sid }) => sid)).toContain(flow.sid);
    expect((await collect(v2.revisions.list(flow.sid))).map(({ revision }) => revision)).toEqual([2, 1]);
    expect(await v2.revisions.fetch(flow.sid, 1)).toMatchObject({
      sid: flow.sid,
      revision: 1,
      status: 'draft',
    });
    expect(await v2.revisions.fetch(flow.sid, 'LatestPublished')).toMatchObject({ revision: 2 });
    expect(await v2.flows.delete(flow.sid)).toEqual({ outcome: 'deleted' });
    expect(await v2.flows.delete(flow.sid)).toMatchObject({ outcome: 'already-gone' });
  });

  test('a broken definition is invalid, with what is wrong about it', async () => {
    const validity = await v2.flows.validate({
      friendlyName: 'Broken',
      status: 'draft',
      definition: { states: 'none' },
    });
    expect(validity.valid).toBe(false);
    expect(validity.errors.length).toBeGreaterThan(0);
  });

  test('test users are set and read', async () => {
    const testUsers = ['+15005550006', 'client:anna & co'];
    expect(await v2.testUsers.update(FLOW, testUsers)).toMatchObject({ sid: FLOW, testUsers });
    expect(await v2.testUsers.fetch(FLOW)).toMatchObject({ testUsers });
    expect(await v2.testUsers.update(FLOW, ['+15005550006'])).toMatchObject({ testUsers: ['+15005550006'] });
  });
});

describe('of v1', () => {
  test('an execution that was there already looks as if it had been created', async () => {
    const { sid } = await createdBy(v1);
    expect(await v1.executions.create(FLOW, person)).toMatchObject({
      outcome: 'created-or-existing',
      execution: { sid },
    });
    expect(await collect(v1.executions.list(FLOW, { status: 'ended' }))).toEqual([]);
    expect(await collect(v1.executions.list(FLOW, { status: 'active' }))).toMatchObject([{ sid }]);
    expect(await v1.executions.fetch(FLOW, sid)).toMatchObject({ sid });
    expect(await v1.executions.context(FLOW, sid)).toMatchObject({ executionSid: sid });
    const [step] = await collect(v1.steps.list(FLOW, sid));
    if (!step) throw new Error('an execution has a step');
    expect(await v1.steps.fetch(FLOW, sid, step.sid)).toMatchObject({ sid: step.sid });
    expect(await v1.steps.context(FLOW, sid, step.sid)).toMatchObject({ stepSid: step.sid });
    expect(await v1.executions.end(FLOW, sid)).toMatchObject({ outcome: 'ended' });
    expect(await v1.executions.delete(FLOW, sid)).toEqual({ outcome: 'deleted' });
  });

  test('flows are listed, fetched and deleted, their version being the revision', async () => {
    expect(await v1.flows.fetch(FLOW)).toMatchObject({ sid: FLOW, revision: 1 });
    expect((await collect(v1.flows.list())).map(({ sid }) => sid)).toEqual([FLOW]);
    expect(await v1.flows.delete(FLOW)).toEqual({ outcome: 'deleted' });
  });

  test('what v1 does not have is refused, and nothing is sent', async () => {
    const input = { friendlyName: 'Welcome', status: 'draft', definition } as const;
    for (const refused of [
      v1.flows.create(input),
      v1.flows.update(FLOW, { status: 'draft' }),
      v1.flows.validate(input),
      v1.revisions.fetch(FLOW, 1),
      v1.testUsers.fetch(FLOW),
      v1.testUsers.update(FLOW, []),
    ])
      await expect(refused).rejects.toMatchObject({ kind: 'invalid-argument' });
    expect(() => v1.revisions.list(FLOW)).toThrow(/does not exist in v1/);
    expect(operations).toEqual(new Set());
  });
});

test('are all that Twilio’s documents have, but for the engagements that it has given up', () => {
  const wanted = (['v1', 'v2'] as const).flatMap((version) =>
    readDocument(version)
      .operations.filter(({ path }) => !path.includes('/Engagements'))
      .map(({ operationId }) => `${version} ${operationId}`),
  );
  expect(wanted.filter((name) => name.startsWith('v2'))).toHaveLength(19);
  expect([...done].sort()).toEqual(wanted.sort());
});
