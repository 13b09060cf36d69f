import { expect, test } from 'vitest';
import { admin, reader, SURVEY, startApi, surveyor, WELCOME } from '../../../support/http/api.ts';

test('the configured flows are listed, and no other one of the account', async () => {
  const { call } = await startApi({
    flows: [{ sid: WELCOME, friendlyName: 'Welcome' }, { sid: SURVEY }, { sid: `FW${'c'.repeat(32)}` }],
  });
  const { status, body } = await call('GET /flows', { headers: reader });
  expect(status).toBe(200);
  expect(body.nextCursor).toBeNull();
  expect(body.flows).toMatchObject([
    { alias: 'welcome', sid: WELCOME, friendlyName: 'Welcome', status: 'published', isKnown: true },
    { alias: 'survey', sid: SURVEY },
  ]);
});

test('one that Studio does not know is listed as such and does not hide the others', async () => {
  const { call } = await startApi({ flows: [{ sid: SURVEY }] });
  const { body } = await call('GET /flows', { headers: reader });
  expect(body.flows.map((flow: { isKnown: boolean }) => flow.isKnown)).toEqual([false, true]);
  const one = await call('GET /flows/welcome', { headers: reader });
  expect([one.status, one.body.type]).toEqual([404, '/problems/unknown-flow']);
});

test('a caller with flows of its own sees these only', async () => {
  const { call } = await startApi();
  const { body } = await call('GET /flows', { headers: surveyor });
  expect(body.flows.map(({ alias }: { alias: string }) => alias)).toEqual(['survey']);
  expect((await call('GET /flows/welcome', { headers: surveyor })).status).toBe(403);
});

test('pages of one flow each lead through all of them', async () => {
  const { call } = await startApi();
  const first = await call('GET /flows?limit=1', { headers: admin });
  const second = await call(`GET /flows?limit=1&cursor=${first.body.nextCursor}`, { headers: admin });
  expect([first, second].map(({ body }) => body.flows[0].alias)).toEqual(['welcome', 'survey']);
  expect(second.body.nextCursor).toBeNull();
});

test('one flow comes with its definition', async () => {
  const { call } = await startApi();
  const { body } = await call(`GET /flows/${SURVEY}`, { headers: reader });
  expect(body).toMatchObject({ alias: 'survey', sid: SURVEY, definition: expect.anything() });
});
