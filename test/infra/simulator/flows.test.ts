import { expect, test } from 'vitest';
import { EMPTY_DEFINITION } from '../../../infra/simulator/store/flows.ts';
import { FLOW, OTHER_FLOW, start } from '../../support/simulator.ts';

const flow = {
  FriendlyName: 'New',
  Status: 'draft',
  Definition: JSON.stringify(EMPTY_DEFINITION),
};

test.each([
  ['no name', { ...flow, FriendlyName: '' }, 20001],
  ['no status', { ...flow, Status: '' }, 20001],
  ['a status that does not exist', { ...flow, Status: 'Published' }, 20001],
  ['no definition', { ...flow, Definition: '' }, 20001],
  ['a definition that is no JSON', { ...flow, Definition: '{' }, 81022],
  ['a published definition that is no flow', { ...flow, Status: 'published', Definition: '{}' }, 81022],
])('a flow with %s is refused', async (_, form, code) => {
  const { call, studio } = await start();
  const answer = await call('/v2/Flows', { form });
  expect([answer.status, answer.body.code]).toEqual([400, code]);
  expect(studio.store.flows.size).toBe(1);
});

test('a draft may be broken and says where, validation refuses it', async () => {
  const { call } = await start();
  const broken = { ...flow, Definition: '{"states":[]}' };
  const errors = [{ message: 'is missing', property_path: '#/initial_state' }];
  const created = await call('/v2/Flows', { form: broken });
  expect([created.status, created.body.valid, created.body.errors]).toEqual([201, false, errors]);
  expect((await call('/v2/Flows/Validate', { form: broken })).body).toMatchObject({
    code: 81022,
    status: 400,
    details: { errors },
  });
  expect((await call('/v2/Flows/Validate', { form: flow })).body).toEqual({ valid: true });
});

test.each([
  ['no name', { ...flow, FriendlyName: '' }, 20001],
  ['a wrong status', { ...flow, Status: 'x' }, 20001],
  ['no definition', { ...flow, Definition: '' }, 20001],
  ['no JSON', { ...flow, Definition: '{' }, 81022],
])('validation of a flow with %s is refused', async (_, form, code) => {
  const { call } = await start();
  expect((await call('/v2/Flows/Validate', { form })).body.code).toBe(code);
});

test('a definition keeps the numbers that it was sent with', async () => {
  const { call } = await start();
  const broken = { ...flow, Definition: '{"states":[12345678901234567891,1.0]}' };
  const { text } = await call('/v2/Flows', { form: broken });
  expect(text).toContain(`"definition":${broken.Definition}`);
});

test('an update without a definition keeps the old one', async () => {
  const { call, clock } = await start();
  clock.nowMs += 5_000;
  const { body } = await call(`/v2/Flows/${FLOW}`, { form: { Status: 'draft', FriendlyName: 'Renamed' } });
  expect(body).toMatchObject({
    friendly_name: 'Renamed',
    status: 'draft',
    revision: 2,
    definition: EMPTY_DEFINITION,
    date_created: '2026-11-20T12:00:00Z',
    date_updated: '2026-11-20T12:00:05Z',
  });
});

test('flows come in pages, newest first, and so do revisions', async () => {
  const { call } = await start({ flows: [{ sid: FLOW }, { sid: OTHER_FLOW }] });
  const flows = await call('/v2/Flows?PageSize=1');
  expect(flows.body.flows.map(({ sid }: { sid: string }) => sid)).toEqual([OTHER_FLOW]);
  expect((await call(flows.body.meta.next_page_url)).body).toMatchObject({
    flows: [{ sid: FLOW }],
    meta: { next_page_url: null, key: 'flows' },
  });

  await call(`/v2/Flows/${FLOW}`, { form: { Status: 'draft' } });
  const revisions = await call(`/v2/Flows/${FLOW}/Revisions?PageSize=1`);
  expect(revisions.body).toMatchObject({ revisions: [{ revision: 2 }], meta: { key: 'revisions' } });
  expect((await call(revisions.body.meta.next_page_url)).body.revisions).toMatchObject([{ revision: 1 }]);
  expect((await call(`/v2/Flows/${FLOW}/Revisions/3`)).status).toBe(404);
  expect((await call(`/v2/Flows/${FLOW}/Revisions?PageSize=0`)).status).toBe(400);
});

test('nothing of an unknown flow is there', async () => {
  const { call } = await start();
  const path = `/v2/Flows/${OTHER_FLOW}`;
  for (const one of [path, `${path}/Revisions`, `${path}/Revisions/1`, `${path}/TestUsers`])
    expect((await call(one)).status).toBe(404);
  expect((await call(path, { form: { Status: 'draft' } })).status).toBe(404);
  expect((await call(`${path}/TestUsers`, { form: { TestUsers: 'one' } })).status).toBe(404);
  expect((await call(path, { method: 'DELETE' })).status).toBe(404);
  expect((await call(`/v2/Flows/${FLOW}/TestUsers`, { method: 'POST', form: {} })).body.code).toBe(20001);
});

test('the executions of a deleted flow are out of reach', async () => {
  const { call, studio } = await start();
  const { firstSid } = studio.store.seed({ flowSid: FLOW, count: 1 });
  expect((await call(`/v2/Flows/${FLOW}`, { method: 'DELETE' })).status).toBe(204);
  expect((await call(`/v2/Flows/${FLOW}/Executions`)).status).toBe(404);
  expect((await call(`/v2/Flows/${FLOW}/Executions/${firstSid}`)).status).toBe(404);
});

test('v1 shows version, and has no revisions, test users or creation', async () => {
  const { call } = await start();
  expect((await call(`/v1/Flows/${FLOW}`)).body).toMatchObject({ sid: FLOW, version: 1 });
  for (const path of [`/v1/Flows/${FLOW}/Revisions`, `/v1/Flows/${FLOW}/TestUsers`])
    expect((await call(path)).status).toBe(404);
  expect((await call('/v1/Flows', { form: flow })).status).toBe(405);
});
