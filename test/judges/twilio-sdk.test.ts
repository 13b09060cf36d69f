import { expect, test } from 'vitest';
import { EMPTY_DEFINITION } from '../../infra/simulator/store/flows.ts';
import { FLOW, FROM, NOBODY, NOON, start, TO } from '../support/simulator.ts';
import { createTwilioSdk } from './twilio-sdk.ts';

/**
 * Every operation, by Twilio's own client, over a Studio whose every exchange the documents judge as well.
 * In version 6 its instances of created and listed things have forgotten their SIDs: they are addressed anew.
 */
async function startWithSdk(...options: Parameters<typeof start>) {
  const { studio, clock } = await start(...options);
  const sdk = createTwilioSdk(studio.url);
  const operations = () => studio.requests.map(({ operation, status }) => `${operation} ${status}`);
  return { studio, clock, v2: sdk.v2, v1: sdk.v1, operations };
}

test("Twilio's SDK creates, finds, ends and deletes an execution", async () => {
  const { v2, operations } = await startWithSdk();
  const { executions } = v2.flows(FLOW);

  const created = await executions.create({ to: TO, from: FROM, parameters: { name: 'Zeke' } });
  expect(created).toMatchObject({
    flowSid: FLOW,
    status: 'active',
    contactChannelAddress: TO,
    dateCreated: new Date(NOON),
    dateUpdated: null,
    flowVersion: 1,
  });
  const one = v2.flows(FLOW).executions(created.sid);
  expect((await one.fetch()).sid).toBe(created.sid);
  const { context } = await one.executionContext().fetch();
  expect(context).toMatchObject({ flow: { data: { name: 'Zeke' } } });
  expect((await one.update({ status: 'ended' })).status).toBe('ended');
  expect(await one.remove()).toBe(true);
  await expect(one.fetch()).rejects.toMatchObject({ status: 404, code: 20404 });

  expect(operations()).toEqual([
    'CreateExecution 201',
    'FetchExecution 200',
    'FetchExecutionContext 200',
    'UpdateExecution 200',
    'DeleteExecution 204',
    'FetchExecution 404',
  ]);
});

test("Twilio's SDK reads a conflict's details, and the refusal to end twice", async () => {
  const { v2 } = await startWithSdk();
  const { executions } = v2.flows(FLOW);
  const first = await executions.create({ to: TO, from: FROM });

  await expect(executions.create({ to: TO, from: FROM })).rejects.toMatchObject({
    status: 409,
    code: 20409,
    details: { conflicting_execution_sid: first.sid },
  });
  const one = executions(first.sid);
  await one.update({ status: 'ended' });
  await expect(one.update({ status: 'ended' })).rejects.toMatchObject({ status: 409, code: 20409 });
});

test("Twilio's SDK lists every page, newest first, and by status and date", async () => {
  const { v2, studio, operations } = await startWithSdk();
  studio.store.seed({
    flowSid: FLOW,
    count: 120,
    activeShare: 0.25,
    dateCreatedFrom: '2026-11-20T10:00:00Z',
    dateCreatedTo: '2026-11-20T12:00:00Z',
  });
  const { executions } = v2.flows(FLOW);

  const all = await executions.list({ pageSize: 50 });
  expect(all).toHaveLength(120);
  expect(new Set(all.map(({ sid }) => sid)).size).toBe(120);
  const dates = all.map(({ dateCreated }) => Number(dateCreated));
  expect(dates).toEqual(dates.toSorted((a, b) => b - a));
  expect(operations()).toEqual(['ListExecution 200', 'ListExecution 200', 'ListExecution 200']);

  expect(await executions.list({ status: 'active' })).toHaveLength(30);
  expect(await executions.list({ status: 'ended', limit: 7 })).toHaveLength(7);
  const from = new Date('2026-11-20T11:00:00Z');
  expect(await executions.list({ dateCreatedFrom: from })).toHaveLength(60);
  expect(await executions.list({ dateCreatedTo: from })).toHaveLength(60);
  const each: string[] = [];
  await new Promise<void>((resolve, reject) => {
    const done = (error?: Error) => (error ? reject(error) : resolve());
    executions.each({ pageSize: 40, done }, ({ sid }) => each.push(sid));
  });
  expect(each).toEqual(all.map(({ sid }) => sid));
});

test("Twilio's SDK walks forwards and back again by whole pages", async () => {
  const { v2, studio } = await startWithSdk();
  studio.store.seed({ flowSid: FLOW, count: 25 });
  const sids = (page: { instances: { sid: string }[] }) => page.instances.map(({ sid }) => sid);

  const first = await v2.flows(FLOW).executions.page({ pageSize: 10 });
  expect(first.previousPage()).toBeUndefined();
  const second = await first.nextPage();
  const third = await second?.nextPage();
  if (!second || !third) throw new Error('there are three pages');
  expect(third.instances).toHaveLength(5);
  expect(third.nextPage()).toBeUndefined();
  const secondAgain = await third.previousPage();
  expect(secondAgain && sids(secondAgain)).toEqual(sids(second));
  const firstAgain = await secondAgain?.previousPage();
  expect(firstAgain && sids(firstAgain)).toEqual(sids(first));
  expect(firstAgain?.previousPage()).toBeUndefined();
});

test("Twilio's SDK lists and fetches steps with their contexts", async () => {
  const { v2, studio, operations } = await startWithSdk({ behaviour: { stepsPerExecution: 60 } });
  const { firstSid } = studio.store.seed({ flowSid: FLOW, count: 1, parameters: { plan: 'B' } });
  const { steps } = v2.flows(FLOW).executions(firstSid ?? NOBODY);

  const all = await steps.list();
  expect(all).toHaveLength(60);
  const [newest] = all;
  if (!newest) throw new Error('there are steps');
  expect((await steps(newest.sid).fetch()).toJSON()).toEqual(newest.toJSON());
  expect(await steps(newest.sid).stepContext().fetch()).toMatchObject({
    stepSid: newest.sid,
    context: { flow: { data: { plan: 'B' } } },
  });
  expect(operations()).toEqual([
    'ListExecutionStep 200',
    'ListExecutionStep 200',
    'FetchExecutionStep 200',
    'FetchExecutionStepContext 200',
  ]);
});

test("Twilio's SDK makes, revises, publishes and deletes a flow", async () => {
  const { v2, operations } = await startWithSdk({ flows: [] });
  const definition = EMPTY_DEFINITION;

  expect(await v2.flowValidate.update({ friendlyName: 'New', status: 'draft', definition })).toMatchObject({
    valid: true,
  });
  const flow = await v2.flows.create({
    friendlyName: 'New',
    status: 'draft',
    definition,
    commitMessage: 'first',
  });
  expect(flow).toMatchObject({ revision: 1, status: 'draft', definition, commitMessage: 'first' });
  const { revisions, testUsers } = v2.flows(flow.sid);
  await expect(revisions('LatestPublished').fetch()).rejects.toMatchObject({ status: 404 });

  const updated = await v2.flows(flow.sid).update({ status: 'published', commitMessage: 'second' });
  expect(updated).toMatchObject({ revision: 2, status: 'published', friendlyName: 'New', definition });
  expect((await revisions.list()).map(({ revision }) => revision)).toEqual([2, 1]);
  expect((await revisions('1').fetch()).commitMessage).toBe('first');
  expect((await revisions('LatestPublished').fetch()).revision).toBe(2);
  expect((await revisions('LatestRevision').fetch()).revision).toBe(2);

  expect((await testUsers().fetch()).testUsers).toEqual([]);
  expect((await testUsers().update({ testUsers: ['one', 'two'] })).testUsers).toEqual(['one', 'two']);
  expect((await testUsers().fetch()).testUsers).toEqual(['one', 'two']);

  expect((await v2.flows.list()).map(({ sid }) => sid)).toEqual([flow.sid]);
  expect((await v2.flows(flow.sid).fetch()).friendlyName).toBe('New');
  expect(await v2.flows(flow.sid).remove()).toBe(true);
  expect(await v2.flows.list()).toEqual([]);

  expect(new Set(operations())).toEqual(
    new Set([
      'UpdateFlowValidate 200',
      'CreateFlow 201',
      'FetchFlowRevision 404',
      'UpdateFlow 200',
      'ListFlowRevision 200',
      'FetchFlowRevision 200',
      'FetchTestUser 200',
      'UpdateTestUser 200',
      'ListFlow 200',
      'FetchFlow 200',
      'DeleteFlow 204',
    ]),
  );
});

test("Twilio's SDK does what v1 has, and v1 hides an active execution", async () => {
  const { v1, studio, operations } = await startWithSdk();
  const { executions } = v1.flows(FLOW);

  const created = await executions.create({ to: TO, from: FROM });
  expect((await executions.create({ to: TO, from: FROM })).sid).toBe(created.sid);
  const one = executions(created.sid);
  expect((await one.fetch()).status).toBe('active');
  expect(await one.executionContext().fetch()).toMatchObject({ executionSid: created.sid });
  const [step] = await one.steps.list();
  if (!step) throw new Error('there is a step');
  expect((await one.steps(step.sid).fetch()).sid).toBe(step.sid);
  expect(await one.steps(step.sid).stepContext().fetch()).toMatchObject({ stepSid: step.sid });
  expect((await one.update({ status: 'ended' })).status).toBe('ended');
  studio.store.seed({ flowSid: FLOW, count: 60 });
  expect(await executions.list()).toHaveLength(61);
  expect(await executions.list({ dateCreatedFrom: new Date(NOON) })).toHaveLength(1);
  expect(await one.remove()).toBe(true);
  const [flow] = await v1.flows.list();
  expect(flow).toMatchObject({ sid: FLOW, version: 1 });
  expect((await v1.flows(FLOW).fetch()).friendlyName).toBe('Welcome');
  expect(await v1.flows(FLOW).remove()).toBe(true);

  expect(studio.requests.every(({ path }) => path.startsWith('/v1/'))).toBe(true);
  expect(new Set(operations().map((line) => line.split(' ')[0])).size).toBe(12);
});
