import { expect, test } from 'vitest';
import { FLOW, FROM, NOBODY, OTHER_FLOW, start, TO } from '../../support/simulator.ts';

const executions = `/v2/Flows/${FLOW}/Executions`;
const form = { To: TO, From: FROM };

test('an execution is created, found, ended once and deleted once', async () => {
  const { call } = await start();

  const created = await call(executions, { form: { ...form, Parameters: '{"name":"Zeke"}' } });
  expect(created.status).toBe(201);
  expect(created.body).toMatchObject({
    flow_sid: FLOW,
    contact_channel_address: TO,
    status: 'active',
    date_created: '2026-11-20T12:00:00Z',
    date_updated: null,
  });
  const path = `${executions}/${created.body.sid}`;
  expect((await call(path)).body).toEqual(created.body);

  const ended = await call(path, { form: { Status: 'ended' } });
  expect([ended.status, ended.body.status]).toEqual([200, 'ended']);
  const again = await call(path, { form: { Status: 'ended' } });
  expect([again.status, again.body.code]).toEqual([409, 20409]);

  expect((await call(path, { method: 'DELETE' })).status).toBe(204);
  const second = await call(path, { method: 'DELETE' });
  expect([second.status, second.body.code]).toEqual([404, 20404]);
  expect((await call(path)).status).toBe(404);
});

test('the parameters stand in the context twice', async () => {
  const { call } = await start();
  const { body } = await call(executions, { form: { ...form, Parameters: '{"name":"Zeke"}' } });

  const context = await call(`${executions}/${body.sid}/Context`);

  expect(context.body.context).toMatchObject({
    flow: { data: { name: 'Zeke' }, flow_sid: FLOW, channel: { address: FROM } },
    trigger: { request: { parameters: { name: 'Zeke' } } },
    contact: { channel: { address: TO } },
  });
});

test('an address of whatever characters comes back as it was, and a page says the same as each of its executions', async () => {
  const { call } = await start();
  const addresses = ['client:"Zoë"\\\n', 'whatsapp:+15005550006', 'web:\u2028💬'];
  for (const To of addresses) await call(executions, { form: { ...form, To } });

  const { body } = await call(executions);

  const found = body.executions.map((one: Record<string, unknown>) => one['contact_channel_address']);
  expect(found).toEqual(addresses.toReversed());
  for (const one of body.executions) expect((await call(one.url)).body).toEqual(one);
});

test('dates of a page are right to the second, from hour to hour', async () => {
  const { call, studio } = await start();
  const dates = [
    '2026-11-19T22:59:59Z',
    '2026-11-19T23:00:00Z',
    '2026-11-20T00:00:09Z',
    '2026-11-20T10:10:10Z',
  ];
  for (const date of dates)
    studio.store.seed({ flowSid: FLOW, count: 1, dateCreatedFrom: date, dateCreatedTo: date });

  const { body } = await call(executions);

  const found = body.executions.map((one: Record<string, unknown>) => one['date_created']);
  expect(found).toEqual(dates.toReversed());
});

test('a second create for the pair is a conflict, under any flow, until the first has ended', async () => {
  const { call } = await start({ flows: [{ sid: FLOW }, { sid: OTHER_FLOW }] });
  const { body: first } = await call(executions, { form });

  for (const flow of [FLOW, OTHER_FLOW]) {
    const second = await call(`/v2/Flows/${flow}/Executions`, { form });
    expect(second.body).toEqual({
      code: 20409,
      details: { conflicting_execution_sid: first.sid },
      message: `Execution ${first.sid} is already active for this contact. End the active Execution before creating a new one`,
      more_info: 'https://www.twilio.com/docs/errors/20409',
      status: 409,
    });
  }
  // It lives under the first flow: under the other one there is nothing to end.
  const path = (flow: string) => `/v2/Flows/${flow}/Executions/${first.sid}`;
  expect((await call(path(OTHER_FLOW), { form: { Status: 'ended' } })).status).toBe(404);
  expect((await call(executions, { form: { ...form, From: '+15017122662' } })).status).toBe(201);
  await call(path(FLOW), { form: { Status: 'ended' } });
  expect((await call(executions, { form })).status).toBe(201);
});

test('v1 answers a create with 200, and hides an active execution behind it', async () => {
  const { call } = await start();
  const first = await call(`/v1/Flows/${FLOW}/Executions`, { form });
  const second = await call(`/v1/Flows/${FLOW}/Executions`, { form });

  expect([first.status, second.status]).toEqual([200, 200]);
  expect(second.body.sid).toBe(first.body.sid);
  expect(first.body).not.toHaveProperty('flow_version');
});

test('an execution ends by itself after the configured time', async () => {
  const { call, clock } = await start({ behaviour: { endAfterMs: 1_500 } });
  const { body } = await call(executions, { form });

  clock.nowMs += 1_499;
  expect((await call(`${executions}/${body.sid}`)).body.status).toBe('active');
  clock.nowMs += 1;
  expect((await call(`${executions}/${body.sid}`)).body).toMatchObject({
    status: 'ended',
    date_updated: '2026-11-20T12:00:01Z',
  });
  expect((await call(executions, { form })).status).toBe(201);
});

test('deleting an active execution deletes it and is counted, or is refused, as told', async () => {
  const { call, studio } = await start();
  const { body } = await call(executions, { form });

  studio.behave({ deleteActive: 'conflict' });
  expect((await call(`${executions}/${body.sid}`, { method: 'DELETE' })).status).toBe(409);
  studio.behave({ deleteActive: 'delete' });
  expect((await call(`${executions}/${body.sid}`, { method: 'DELETE' })).status).toBe(204);

  expect(studio.store.deletedWhileActive).toBe(1);
  expect(studio.store.count()).toEqual({ active: 0, ended: 0, deleted: 1 });
  expect((await call(executions, { form })).status).toBe(201);
});

test('steps are the same each time, and have contexts', async () => {
  const { call, studio } = await start({ behaviour: { stepsPerExecution: 3 } });
  const { firstSid, lastSid } = studio.store.seed({ flowSid: FLOW, count: 2 });
  const path = `${executions}/${firstSid}/Steps`;

  const { body } = await call(path);
  const names = body.steps.map((step: { transitioned_to: string }) => step.transitioned_to);
  expect(names).toEqual(['make-http-request_3', 'split-based-on_2', 'send-message_1']);
  const [newest] = body.steps;
  expect((await call(`${path}/${newest.sid}`)).body).toEqual(newest);
  expect((await call(`${path}/${newest.sid}/Context`)).body).toMatchObject({ step_sid: newest.sid });
  expect((await call(`${executions}/${lastSid}/Steps/${newest.sid}`)).status).toBe(404);
});

test.each([
  ['no To', { From: FROM }, 400, 20001],
  ['no From', { To: TO }, 400, 20001],
  ['a To that only begins like E.164', { To: '+0123', From: FROM }, 400, 21211],
  ['a From that only begins like E.164', { To: TO, From: '+1-501' }, 400, 21212],
  ['addresses of more than 300 bytes', { To: `client:${'é'.repeat(141)}`, From: FROM }, 400, 81023],
  ['Parameters that are no JSON', { ...form, Parameters: '{' }, 400, 20001],
  ['Parameters that are no object', { ...form, Parameters: '[]' }, 400, 20001],
])('a create with %s is refused and creates nothing', async (_, wrong, status, code) => {
  const { call, studio } = await start();

  const answer = await call(executions, { form: wrong });

  expect([answer.status, answer.body.code]).toEqual([status, code]);
  expect(studio.store.count()).toEqual({ active: 0, ended: 0, deleted: 0 });
});

test('a body that is not a form is not looked into', async () => {
  const { call } = await start();
  const json = { 'Content-Type': 'application/json' };

  const answer = await call(executions, { method: 'POST', headers: json, body: JSON.stringify(form) });

  expect([answer.status, answer.body.code]).toEqual([400, 20001]);
  expect(answer.body.message).toContain('To');
});

test.each([
  ['active again', { Status: 'active' }],
  ['in capitals', { Status: 'Ended' }],
  ['to nothing', {}],
])('setting an execution %s is refused', async (_, wrong) => {
  const { call, studio } = await start();
  const { lastSid } = studio.store.seed({ flowSid: FLOW, count: 1, activeShare: 1 });

  const answer = await call(`${executions}/${lastSid}`, { method: 'POST', form: wrong });

  expect([answer.status, answer.body.code]).toEqual([400, 20001]);
  expect(studio.store.count().active).toBe(1);
});

test.each([
  ['an unknown flow', `/v2/Flows/${OTHER_FLOW}/Executions`],
  ['an unknown execution', `${executions}/${NOBODY}`],
  ['a SID of another kind', `${executions}/${FLOW}`],
  ['a SID that is too short', `${executions}/FN123`],
  ['a path that is no operation', '/v2/Things'],
  ['another version', `/v3/Flows/${FLOW}`],
])('%s is not found', async (_, path) => {
  const { call } = await start();

  const answer = await call(path);

  expect([answer.status, answer.body.code]).toEqual([404, 20404]);
});

test('a method that the path does not have is refused as such', async () => {
  const { call } = await start();
  const answer = await call(executions, { method: 'DELETE' });
  expect([answer.status, answer.body.code]).toEqual([405, 20004]);
});

test.each([
  ['nothing', 'Basic '],
  ['another password', `Basic ${Buffer.from(`SK${'a'.repeat(32)}:wrong`).toString('base64')}`],
  ['another key', `Basic ${Buffer.from(`SK${'b'.repeat(32)}:local`).toString('base64')}`],
  ['a bearer token', 'Bearer local'],
])('with %s for credentials the answer is 401, whatever the path', async (_, Authorization) => {
  const { call } = await start();

  for (const path of [executions, '/v2/Things']) {
    const answer = await call(path, { headers: { Authorization } });
    expect([answer.status, answer.body.code]).toEqual([401, 20003]);
  }
});

test('every answer carries its request id and how many were in flight', async () => {
  const { call } = await start();
  const answers = [await call(executions), await call(executions), await call('/v2/Things')];

  const ids = answers.map(({ headers }) => headers.get('Twilio-Request-Id'));
  expect(new Set(ids).size).toBe(3);
  for (const id of ids) expect(id).toMatch(/^RQ[0-9a-f]{32}$/);
  expect(answers[0]?.headers.get('Twilio-Concurrent-Requests')).toBe('1');
});

test('executions are found and listed under any flow where the flow is ignored, and tell their own', async () => {
  const { call, studio } = await start({ flows: [{ sid: FLOW }, { sid: OTHER_FLOW }] });
  const { sid } = (await call(executions, { form })).body;
  studio.store.seed({ flowSid: OTHER_FLOW, count: 5 });
  const other = `/v2/Flows/${OTHER_FLOW}/Executions`;
  expect((await call(`${other}/${sid}`)).status).toBe(404);
  studio.behave({ ignoreFlow: true });
  for (const part of ['', '/Context', '/Steps'])
    expect((await call(`${other}/${sid}${part}`)).text).toContain(`"flow_sid":"${FLOW}"`);
  for (const pageToken of ['keyset', 'offset'] as const) {
    studio.behave({ pageToken });
    const sids = new Set<string>();
    for (let next = `${executions}?PageSize=2`; next; ) {
      const { body } = await call(next);
      for (const one of body.executions) sids.add(one.sid);
      next = body.meta.next_page_url;
    }
    expect(sids.size).toBe(6);
  }
  expect((await call(`${other}/${sid}`, { method: 'DELETE' })).status).toBe(204);
});
