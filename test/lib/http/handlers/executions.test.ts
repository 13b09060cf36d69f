import { describe, expect, test } from 'vitest';
import { checkConfig } from '../../../../lib/config/configuration.ts';
import {
  admin,
  apiOver,
  configInput,
  NOW,
  reader,
  secretSource,
  startApi,
  studioHandlers,
  surveyor,
  WELCOME,
} from '../../../support/http/api.ts';
import { story } from '../../../support/studio/stories.ts';

const NOBODY = `FN${'0'.repeat(32)}`;

async function withOne(options: Parameters<typeof startApi>[0] = {}) {
  const api = await startApi(options);
  api.studio.store.seed({ flowSid: WELCOME, count: 1, contact: '+15005550006', activeShare: 1 });
  const sid = [...api.studio.store.list()][0]?.sid ?? '';
  return { ...api, sid, path: `/flows/welcome/executions/${sid}` };
}

describe('one execution', () => {
  test('is fetched under its flow’s alias and its SID', async () => {
    const { call, sid, path } = await withOne();
    const byAlias = await call(`GET ${path}`, { headers: reader });
    expect(byAlias.body).toMatchObject({ sid, flow: 'welcome', status: 'active' });
    const bySid = await call(`GET ${path.replace('welcome', WELCOME)}`, { headers: reader });
    expect(bySid.body).toEqual(byAlias.body);
  });

  test('that is not there is unknown, whatever is asked of it', async () => {
    const { call } = await withOne();
    const path = `/flows/welcome/executions/${NOBODY}`;
    for (const target of [`GET ${path}`, `GET ${path}/context`, `GET ${path}/steps`, `POST ${path}/end`]) {
      const { status, body } = await call(target, { headers: admin });
      expect([target, status, body.type]).toEqual([target, 404, '/problems/unknown-execution']);
    }
  });

  test('has a context, behind its own scope', async () => {
    const { call, sid, path } = await withOne();
    const { status, body } = await call(`GET ${path}/context`, { headers: admin });
    expect(status).toBe(200);
    expect(Object.keys(body)).toEqual(['executionSid', 'flowSid', 'accountSid', 'context', 'url']);
    expect(body).toMatchObject({ executionSid: sid, flowSid: WELCOME });
    expect((await call(`GET ${path}/context`, { headers: reader })).status).toBe(403);
  });

  test('whose context is nested too deeply to be sent on is nonsense of Studio’s', async () => {
    const deep = `${'['.repeat(6_000)}${']'.repeat(6_000)}`;
    const { studio } = await story([{ status: 200, body: `{"context":${deep}}` }]);
    const { call } = apiOver(
      studioHandlers({ config: checkConfig(configInput), secret: secretSource(), studio, now: () => NOW }),
    );
    const path = `/flows/welcome/executions/${NOBODY}/context`;
    const { status, body } = await call(`GET ${path}`, { headers: admin });
    expect([status, body.type]).toEqual([502, '/problems/studio-answered-nonsense']);
  });

  test('of a flow that is not the caller’s is not asked for upstream', async () => {
    const { call, path, studio } = await withOne();
    expect((await call(`GET ${path}`, { headers: surveyor })).status).toBe(403);
    expect(studio.requests).toEqual([]);
  });

  test('Studio’s credentials that are wrong are our trouble, not the caller’s', async () => {
    const { call, path, studio } = await withOne();
    studio.behave({ credentials: [{ username: 'other', password: 'other' }] });
    const { status, body } = await call(`GET ${path}`, { headers: reader });
    expect([status, body.type]).toEqual([502, '/problems/studio-refused-credentials']);
  });

  test('the request’s line counts what was asked upstream', async () => {
    const { call, path, lines } = await withOne();
    await call(`GET ${path}`, { headers: reader });
    expect(lines()[0]).toMatchObject({ upstreamCalls: 1, UpstreamCalls: 1, UpstreamThrottled: 0 });
    expect(lines()[0].upstreamRequestIds).toHaveLength(1);
  });
});

describe('the steps of an execution', () => {
  test.each([3, 4, 12, 50])('are read once each, %i a page', async (limit) => {
    const { call, path } = await withOne({ behaviour: { stepsPerExecution: 12 } });
    const sids: string[] = [];
    for (let cursor = ''; ; ) {
      const { body } = await call(`GET ${path}/steps?limit=${limit}${cursor}`, { headers: reader });
      sids.push(...body.steps.map((step: { sid: string }) => step.sid));
      for (const step of body.steps) expect(step).not.toHaveProperty('context');
      if (body.nextCursor === null) break;
      cursor = `&cursor=${body.nextCursor}`;
    }
    expect(sids).toHaveLength(12);
    expect(new Set(sids).size).toBe(12);
  });

  test('are fetched one by one, their contexts behind their own scope', async () => {
    const { call, path, sid } = await withOne();
    const { body } = await call(`GET ${path}/steps`, { headers: reader });
    const step = `${path}/steps/${body.steps[0].sid}`;
    expect((await call(`GET ${step}`, { headers: reader })).body).toEqual(body.steps[0]);
    expect((await call(`GET ${step}/context`, { headers: reader })).status).toBe(403);
    const context = await call(`GET ${step}/context`, { headers: admin });
    expect(context.body).toMatchObject({ executionSid: sid, stepSid: body.steps[0].sid });
    const none = await call(`GET ${path}/steps/FT${'0'.repeat(32)}`, { headers: reader });
    expect(none.status).toBe(404);
  });

  test('a cursor of another execution’s steps is refused', async () => {
    const { call, path } = await withOne({ behaviour: { stepsPerExecution: 5 } });
    const { body } = await call(`GET ${path}/steps?limit=2`, { headers: reader });
    const other = `/flows/welcome/executions/${NOBODY}/steps?cursor=${body.nextCursor}`;
    expect((await call(`GET ${other}`, { headers: reader })).status).toBe(422);
  });
});

describe('ending an execution', () => {
  test('ends it, and may be repeated', async () => {
    const { call, path, sid } = await withOne();
    const first = await call(`POST ${path}/end`, { headers: admin });
    expect([first.status, first.body.outcome]).toEqual([200, 'ended']);
    expect(first.body.execution).toMatchObject({ sid, status: 'ended', flow: 'welcome' });
    const second = await call(`POST ${path}/end`, { headers: admin, json: {} });
    expect([second.status, second.body.outcome]).toEqual([200, 'already-ended']);
    expect(second.body.execution).toMatchObject({ sid, status: 'ended', flow: 'welcome' });
  });
});

describe('an execution of another flow, where Studio ignores the flow in the path', () => {
  async function ofWelcome() {
    const { studio, ...api } = await withOne({ behaviour: { ignoreFlow: true } });
    const { sid } = api;
    studio.behave({ ignoreFlow: false });
    const step = (await api.call(`GET ${api.path}/steps`, { headers: admin })).body.steps[0].sid;
    studio.behave({ ignoreFlow: true });
    return { ...api, studio, step, elsewhere: `/flows/survey/executions/${sid}` };
  }

  test.each(['active', 'ended'] as const)(
    'is unknown to every route, and nothing is changed: %s',
    async (status) => {
      const { call, studio, sid, step, elsewhere } = await ofWelcome();
      if (status === 'ended') studio.store.end(sid);
      const unknown = async (target: string) => {
        const answer = await call(target, { headers: admin });
        expect([target, answer.status, answer.body.type]).toEqual([
          target,
          404,
          '/problems/unknown-execution',
        ]);
        expect(answer.text).not.toContain(WELCOME);
      };
      for (const rest of ['', '/context', '/steps', `/steps/${step}`, `/steps/${step}/context`])
        await unknown(`GET ${elsewhere}${rest}`);
      await unknown(`POST ${elsewhere}/end`);
      await unknown(`DELETE ${elsewhere}`);
      await unknown(`DELETE ${elsewhere}?end=true`);
      expect(studio.store.find(sid)?.status).toBe(status);
      expect(studio.requests.every(({ method }) => method === 'GET')).toBe(true);
    },
  );

  test('is in no list of a flow, and once in that of all', async () => {
    const { call, sid } = await ofWelcome();
    const sids = async (path: string) => {
      const { body } = await call(`GET ${path}`, { headers: admin });
      return body.executions.map((one: { sid: string; flow: string }) => [one.sid, one.flow]);
    };
    expect(await sids('/flows/survey/executions')).toEqual([]);
    expect(await sids('/flows/welcome/executions')).toEqual([[sid, 'welcome']]);
    expect(await sids('/executions')).toEqual([[sid, 'welcome']]);
  });
});

test('is ended by a request whose first answer was lost and whose second try is refused', async () => {
  const { call, path, sid } = await withOne({
    behaviour: { faults: [{ kind: 'cut', work: 'done', operations: ['UpdateExecution'], times: 1 }] },
  });
  const { status, body } = await call(`POST ${path}/end`, { headers: admin });
  expect([status, body.outcome, body.execution.status]).toEqual([200, 'ended', 'ended']);
  const again = await call(`POST ${path}/end`, { headers: admin });
  expect(again.body).toMatchObject({ outcome: 'already-ended', execution: { sid } });
});

test('was ended by another where only a refusal came before it was seen as ended', async () => {
  const { call, path } = await withOne({
    behaviour: {
      faults: [{ kind: 'error', status: 409, work: 'done', operations: ['UpdateExecution'], times: 1 }],
    },
  });
  expect((await call(`POST ${path}/end`, { headers: admin })).body.outcome).toBe('already-ended');
});

test('one that has ended already is not told to end', async () => {
  const { call, path, sid, studio } = await withOne();
  studio.store.end(sid);
  expect((await call(`POST ${path}/end`, { headers: admin })).body.outcome).toBe('already-ended');
  expect(studio.requests.map(({ method }) => method)).toEqual(['GET']);
});

describe('an execution that Studio shows, and answers 404 for when it is changed', () => {
  const refusing = (operation: 'UpdateExecution' | 'DeleteExecution') => ({
    behaviour: { stubborn: [{ share: 1, operations: [operation], status: 404 }] },
  });

  test.each([
    ['DELETE', '', 'DeleteExecution', 'ended'],
    ['DELETE', '?end=true', 'UpdateExecution', 'active'],
    ['POST', '/end', 'UpdateExecution', 'active'],
  ] as const)('is not said to be gone: %s %s', async (method, rest, operation, status) => {
    const { call, path, sid, studio } = await withOne(refusing(operation));
    if (status === 'ended') studio.store.end(sid);
    const answer = await call(`${method} ${path}${rest}`, { headers: admin });
    expect([answer.status, answer.body.type, answer.body.detail]).toEqual([
      502,
      '/problems/studio-answered-nonsense',
      'Studio answered that the execution does not exist, but still shows it. Try again later.',
    ]);
    expect(studio.store.find(sid)?.status).toBe(status);
  });
});

describe('an execution whose other update is under way', () => {
  const underWay = { kind: 'error' as const, status: 409, operations: ['UpdateExecution' as const] };

  test('is ended as soon as Studio lets it', async () => {
    const { call, path, sid, studio } = await withOne({ behaviour: { faults: [{ ...underWay, times: 2 }] } });
    const { status, body } = await call(`POST ${path}/end`, { headers: admin });
    expect([status, body.outcome, body.execution.status]).toEqual([200, 'ended', 'ended']);
    expect(studio.store.find(sid)?.status).toBe('ended');
  });

  test('is still active where Studio goes on to refuse it, and is not deleted', async () => {
    const { call, path, sid, studio } = await withOne({ behaviour: { faults: [underWay] } });
    for (const target of [`POST ${path}/end`, `DELETE ${path}?end=true`]) {
      const { status, body } = await call(target, { headers: admin });
      expect([status, body.type, body.detail]).toEqual([
        409,
        '/problems/still-active',
        'Studio does not end it: another update may be under way. Try again later.',
      ]);
    }
    expect(studio.store.find(sid)?.status).toBe('active');
    expect(studio.requests.some(({ method }) => method === 'DELETE')).toBe(false);
  });

  test('is still active where Studio refuses to delete it, although it showed it as ended', async () => {
    const { call, path, sid, studio } = await withOne({
      behaviour: { stubborn: [{ share: 1, operations: ['DeleteExecution'], status: 409 }] },
    });
    studio.store.end(sid);
    const { status, body } = await call(`DELETE ${path}`, { headers: admin });
    expect([status, body.type, body.detail]).toEqual([
      409,
      '/problems/still-active',
      'Studio does not delete it now: another update may be under way. Try again later.',
    ]);
    expect(studio.requests.filter(({ method }) => method === 'DELETE')).toHaveLength(2);
  });

  const deleteRefused = { ...underWay, operations: ['DeleteExecution' as const], times: 1 };

  test.each([
    ['undone', 'once more, where it is shown as ended', 2],
    ['done', 'no more, where it is gone', 1],
  ] as const)('is deleted where one delete is refused, %s: %s', async (work, _, deletes) => {
    const { call, path, sid, studio } = await withOne({
      behaviour: { faults: [{ ...deleteRefused, work }] },
    });
    studio.store.end(sid);
    const { status, body } = await call(`DELETE ${path}`, { headers: admin });
    expect([status, body]).toEqual([200, { outcome: 'deleted', sid }]);
    expect(studio.store.find(sid)?.status).toBe('deleted');
    expect(studio.requests.filter(({ method }) => method === 'DELETE')).toHaveLength(deletes);
  });
});

describe('deleting an execution', () => {
  test('deletes an ended one, and may be repeated', async () => {
    const { call, path, sid, studio } = await withOne();
    studio.store.end(sid);
    expect((await call(`DELETE ${path}`, { headers: admin })).body).toEqual({ outcome: 'deleted', sid });
    expect(studio.store.find(sid)?.status).toBe('deleted');
    const again = await call(`DELETE ${path}`, { headers: admin });
    expect([again.status, again.body]).toEqual([200, { outcome: 'already-gone', sid }]);
  });

  test('leaves an active one alone, unless it shall be ended first', async () => {
    const { call, path, sid, studio } = await withOne();
    for (const target of [`DELETE ${path}`, `DELETE ${path}?end=false`]) {
      const { status, body } = await call(target, { headers: admin });
      expect([status, body.type]).toEqual([409, '/problems/still-active']);
    }
    expect(studio.store.find(sid)?.status).toBe('active');
    expect((await call(`DELETE ${path}?end=true`, { headers: admin })).body.outcome).toBe('deleted');
    expect(studio.store.deletedWhileActive).toBe(0);
    expect((await call(`DELETE ${path}?end=yes`, { headers: admin })).status).toBe(422);
  });
});
