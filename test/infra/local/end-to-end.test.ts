import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import type { BehaviourChange } from '../../../infra/simulator/faults/behaviour.ts';
import { travellingClock } from '../../support/local/clocks.ts';
import { eventually } from '../../support/local/poll.ts';
import { rowsOf } from '../../support/local/rows.ts';
import {
  configInput,
  DAY_MS,
  finished,
  SUPPORT,
  startWorld,
  until,
  WELCOME,
  worldOfFile,
} from '../../support/local/world.ts';

/** The README's jobs through the gateway, the built bundles and the stand-ins, against the simulated Studio. */

const { studio, call, local, mistakes } = await worldOfFile();
const daysAgo = (days: number) => new Date(Date.now() - days * DAY_MS).toISOString();
const OLD = { dateCreatedFrom: daysAgo(20), dateCreatedTo: daysAgo(10) };

beforeEach(() => studio.reset());
afterEach(() => expect(mistakes.splice(0)).toEqual([]));

describe('trigger', () => {
  const trigger = (key: string, body: unknown = { to: '+15005550001' }) =>
    call('POST', '/flows/welcome/executions', { body, headers: { 'idempotency-key': key } });

  test('creates an execution with the flow’s sender and the parameters', async () => {
    const { status, body } = await trigger('t1', { to: '+15005550001', parameters: { name: 'Ada' } });
    expect(status).toBe(201);
    expect(body).toMatchObject({
      outcome: 'created',
      execution: {
        flowSid: WELCOME,
        flow: 'welcome',
        status: 'active',
        contactChannelAddress: '+15005550001',
      },
    });
    expect(studio.store.find(body.execution.sid)).toMatchObject({
      from: '+12025550100',
      parameters: { name: 'Ada' },
    });
  });

  test('under the same key again answers the same and creates nothing', async () => {
    const first = await trigger('t2');
    const second = await trigger('t2');
    expect(second.status).toBe(201);
    expect(second.headers.get('idempotent-replayed')).toBe('true');
    expect(second.body).toEqual(first.body);
    expect(studio.store.count()).toEqual({ active: 1, ended: 0, deleted: 0 });
  });

  test('many times at once under one key creates one execution', async () => {
    const answers = await Promise.all(Array.from({ length: 6 }, () => trigger('t3')));
    expect(studio.store.count().active).toBe(1);
    for (const { status, body } of answers)
      if (status !== 201) expect(body.type).toBe('/problems/request-in-progress');
    expect(answers.some(({ status }) => status === 201)).toBe(true);
  });

  test('with another payload under the key is refused', async () => {
    await trigger('t4');
    const { status, body } = await trigger('t4', { to: '+15005550002' });
    expect([status, body.type]).toEqual([422, '/problems/idempotency-key-reused']);
  });

  test('for a contact with an active execution fails, returns it or replaces it, as told', async () => {
    const { body: first } = await trigger('t5');
    const refused = await trigger('t6');
    expect(refused).toMatchObject({
      status: 409,
      body: { type: '/problems/active-execution-exists', conflictingExecutionSid: first.execution.sid },
    });
    const returned = await trigger('t7', { to: '+15005550001', onConflict: 'return' });
    expect(returned).toMatchObject({
      status: 200,
      body: { outcome: 'existing', execution: { sid: first.execution.sid } },
    });
    const replaced = await trigger('t8', { to: '+15005550001', onConflict: 'replace' });
    expect(replaced).toMatchObject({ status: 200, body: { outcome: 'replaced' } });
    expect(studio.store.find(first.execution.sid)?.status).toBe('ended');
    expect(studio.store.count()).toMatchObject({ active: 1, ended: 1 });
  });

  test('may come as a form', async () => {
    const form = new URLSearchParams({ To: '+15005550003', Parameters: '{"name":"Ada"}' });
    const { status, body } = await call('POST', '/flows/support/executions', {
      body: form,
      headers: { 'idempotency-key': 't9' },
    });
    expect(status).toBe(201);
    expect(studio.store.find(body.execution.sid)?.parameters).toMatchObject({ name: 'Ada' });
  });
});

describe('find', () => {
  beforeEach(() => {
    studio.store.seed({ flowSid: WELCOME, count: 130, activeShare: 0.1 });
    studio.store.seed({ flowSid: SUPPORT, count: 20 });
  });

  test('lists what is active, newest first', async () => {
    const { status, body } = await call('GET', '/flows/welcome/executions?status=active&limit=1000', {
      token: 'local-reader',
    });
    expect(status).toBe(200);
    expect(body.nextCursor).toBeNull();
    expect(body.executions).toHaveLength(13);
    const dates = body.executions.map(({ dateCreated }: { dateCreated: string }) => dateCreated);
    expect(dates).toEqual(dates.toSorted().reverse());
  });

  test('goes through a list with cursors and meets each one once', async () => {
    const sids: string[] = [];
    let cursor: string | null = null;
    do {
      const query = new URLSearchParams({ limit: '40', ...(cursor !== null && { cursor }) });
      const { status, body } = await call('GET', `/flows/welcome/executions?${query}`);
      expect(status).toBe(200);
      sids.push(...body.executions.map(({ sid }: { sid: string }) => sid));
      cursor = body.nextCursor;
    } while (cursor !== null);
    expect(sids).toHaveLength(130);
    expect(new Set(sids).size).toBe(130);
  });

  test('refuses a cursor beside other filters than it began with', async () => {
    const { body: first } = await call('GET', '/flows/welcome/executions?limit=10&status=ended');
    const query = new URLSearchParams({ limit: '10', status: 'active', cursor: first.nextCursor });
    const { status, body } = await call('GET', `/flows/welcome/executions?${query}`);
    expect([status, body.type]).toEqual([422, '/problems/invalid-request']);
  });

  test('shows one execution with its context and steps, and the flows', async () => {
    const [seeded] = studio.store.list({ flowSid: WELCOME });
    const path = `/flows/welcome/executions/${seeded?.sid}`;
    expect(await call('GET', path)).toMatchObject({ status: 200, body: { sid: seeded?.sid } });
    expect(await call('GET', `${path}/context`)).toMatchObject({
      status: 200,
      body: { executionSid: seeded?.sid, context: expect.anything() },
    });
    const { body } = await call('GET', `${path}/steps`);
    expect(body.steps.length).toBeGreaterThan(0);
    const { body: flows } = await call('GET', '/flows');
    expect(flows.flows.map(({ alias }: { alias: string }) => alias)).toEqual(['welcome', 'support']);
  });
});

describe('end and delete', () => {
  test('end an execution once, however often it is asked', async () => {
    studio.store.seed({ flowSid: WELCOME, count: 1, activeShare: 1 });
    const [{ sid } = { sid: '' }] = studio.store.list();
    const end = () => call('POST', `/flows/welcome/executions/${sid}/end`);
    expect(await end()).toMatchObject({ status: 200, body: { outcome: 'ended', execution: { sid } } });
    expect(await end()).toMatchObject({ status: 200, body: { outcome: 'already-ended' } });
  });

  test('delete refuses an active one unless it may end it, and answers a second time', async () => {
    studio.store.seed({ flowSid: WELCOME, count: 1, activeShare: 1 });
    const [{ sid } = { sid: '' }] = studio.store.list();
    const path = `/flows/welcome/executions/${sid}`;
    expect(await call('DELETE', path)).toMatchObject({
      status: 409,
      body: { type: '/problems/still-active' },
    });
    expect(await call('DELETE', `${path}?end=true`)).toMatchObject({
      status: 200,
      body: { outcome: 'deleted', sid },
    });
    expect(await call('DELETE', path)).toMatchObject({
      status: 200,
      body: { outcome: 'already-gone', sid },
    });
    expect(studio.store.deletedWhileActive).toBe(0);
  });
});

test('functions that were frozen while Studio closed their connections go on as if nothing had been', async () => {
  studio.store.seed({ flowSid: WELCOME, count: 20, activeShare: 1 });
  const sids = [...studio.store.list()].map(({ sid }) => sid);
  const each = async (round: number) => {
    const path = '/flows/welcome/executions';
    const triggered = await call('POST', path, {
      body: { to: `+1500555002${round}` },
      headers: { 'idempotency-key': `frozen-${round}` },
    });
    const listed = await call('GET', path);
    const ended = await call('POST', `${path}/${sids[round]}/end`);
    const deleted = await call('DELETE', `${path}/${sids[round]}`);
    return [triggered, listed, ended, deleted].map(({ status }) => status);
  };
  for (const round of [0, 1, 2]) {
    expect(await each(round)).toEqual([201, 200, 200, 200]);
    studio.closeIdleConnections();
  }
  expect(studio.store.count()).toEqual({ active: 20, ended: 0, deleted: 3 });
});

describe('purge', { timeout: 60_000 }, () => {
  const started: string[] = [];
  async function start(body: object, headers = {}) {
    const answer = await call('POST', '/purges', { body, headers });
    started.push(answer.body.id);
    return answer;
  }

  // One that still runs would have the next one wait for its turn.
  afterEach(async () => {
    for (const id of started.splice(0)) await finished(call, id);
  });

  beforeEach(() => {
    studio.store.seed({ flowSid: WELCOME, count: 150, ...OLD });
    studio.store.seed({ flowSid: WELCOME, count: 5, activeShare: 1, ...OLD });
    studio.store.seed({ flowSid: WELCOME, count: 30 });
    studio.store.seed({ flowSid: SUPPORT, count: 10, ...OLD });
  });

  test('dry counts and changes nothing; for good it deletes exactly that', async () => {
    const dry = await start({ flows: ['welcome'], olderThan: 'P7D' });
    expect(dry.status).toBe(202);
    expect(dry.headers.get('location')).toBe(`./purges/${dry.body.id}`);
    expect(await finished(call, dry.body.id)).toMatchObject({
      status: 'succeeded',
      request: { dryRun: true },
      counts: { matched: 150, deleted: 0, failed: 0 },
    });
    expect(studio.store.count().deleted).toBe(0);

    const real = await start({ flows: ['welcome'], olderThan: 'P7D', dryRun: false });
    expect(await finished(call, real.body.id)).toMatchObject({
      status: 'succeeded',
      counts: { matched: 150, deleted: 150, failed: 0 },
      error: null,
    });
    expect(studio.store.count({ flowSid: WELCOME })).toEqual({ active: 5, ended: 30, deleted: 150 });
    expect(studio.store.count({ flowSid: SUPPORT })).toEqual({ active: 0, ended: 10, deleted: 0 });
  });

  test('of any status ends the active ones first', async () => {
    const { body } = await start({ flows: ['welcome'], status: 'any', olderThan: 'P7D', dryRun: false });
    expect(await finished(call, body.id)).toMatchObject({
      counts: { matched: 155, ended: 5, deleted: 155 },
    });
    expect(studio.store.deletedWhileActive).toBe(0);
  });

  test('with an archive writes every execution down before it is deleted', async () => {
    const { body } = await start({ flows: ['support'], olderThan: 'P7D', archive: true, dryRun: false });
    expect(await finished(call, body.id)).toMatchObject({ counts: { archived: 10, deleted: 10 } });
    expect(local.s3?.store.list(local.resources.archiveBucket).length).toBeGreaterThan(0);
  });

  test('is listed newest first', async () => {
    const first = await start({ flows: ['support'], olderThan: 'P7D' });
    const second = await start({ flows: ['welcome'], olderThan: 'P7D' });
    const { body } = await call('GET', '/purges?limit=2');
    expect(body.purges.map(({ id }: { id: string }) => id)).toEqual([second.body.id, first.body.id]);
  });

  test('stays as evidence when it is over, in a row that never expires', async () => {
    const { body } = await start({ flows: ['support'], olderThan: 'P7D', dryRun: false });
    const record = await finished(call, body.id);
    expect(record).toMatchObject({
      status: 'succeeded',
      requestedBy: expect.stringContaining('local-admin'),
      counts: { deleted: 10 },
      digest: { count: 10 },
    });
    // What comes after it leaves it as it is.
    const later = await start({ flows: ['support'], olderThan: 'P7D', dryRun: false });
    await finished(call, later.body.id);
    expect((await call('GET', `/purges/${body.id}`)).body).toEqual(record);
    const rows = (await rowsOf(local)).filter(({ sk }) => sk?.S === body.id);
    expect(rows).toMatchObject([
      { pk: { S: 'purges' }, record: { S: expect.stringContaining('"succeeded"') } },
    ]);
    for (const row of rows) expect(row).not.toHaveProperty('expiresAt');
  });

  test('under one Idempotency-Key starts once', async () => {
    const again = () => start({ flows: ['support'], olderThan: 'P7D' }, { 'idempotency-key': 'p1' });
    const first = await again();
    const second = await again();
    expect(second.body.id).toBe(first.body.id);
  });

  test('runs the configured policies when the schedule fires', async () => {
    await local.fireSchedule();
    const isPolicys = ({ policy }: { policy: string | null }) => policy === 'weekly';
    const { body } = await until(
      () => call('GET', '/purges?limit=1'),
      ({ body: { purges } }) => purges.some(isPolicys),
    );
    const { counts } = await finished(call, body.purges.find(isPolicys).id);
    expect(counts).toMatchObject({ matched: 160, deleted: 160 });
  });
});

describe('a purge that is met in the middle', () => {
  /** In a run of its own, since a warm worker remembers how much Studio allowed before. */
  async function startSlowly(count: number, behaviour: BehaviourChange) {
    const clock = travellingClock();
    const { studio, call, local, mistakes } = await startWorld({ clock });
    onTestFinished(async () => {
      await local.close();
      expect(mistakes).toEqual([]);
    });
    studio.store.seed({ flowSid: WELCOME, count, ...OLD });
    studio.store.seed({ flowSid: WELCOME, count: 5, activeShare: 1, ...OLD });
    studio.store.seed({ flowSid: WELCOME, count: 30 });
    studio.behave(behaviour);
    const { body } = await call('POST', '/purges', {
      body: { flows: ['welcome'], olderThan: 'P7D', dryRun: false },
    });
    await eventually(() => studio.store.count().deleted).toBeGreaterThan(10);
    return { studio, call, local, clock, id: body.id };
  }

  test('stops when it is told to', async () => {
    const { studio, call, clock, id } = await startSlowly(600, { latencyMs: 50, maxInFlight: 2 });
    expect(await call('POST', `/purges/${id}/stop`)).toMatchObject({ status: 202 });
    // The worker reads the wish every few seconds.
    clock.travel(5_000);
    const ended = await finished(call, id);
    expect(ended.status).toBe('stopped');
    expect(ended.counts.deleted).toBe(studio.store.count().deleted);
    expect(ended.counts.deleted).toBeLessThan(600);
    expect(await call('POST', `/purges/${id}/stop`)).toMatchObject({ status: 200 });
  });

  test('survives the death of the worker', async () => {
    const { studio, call, local, id } = await startSlowly(150, { latencyMs: 20, maxInFlight: 4 });
    expect(local.functions.kill('cleanup')).toBe(1);
    const ended = await finished(call, id);
    expect(ended).toMatchObject({ status: 'succeeded', counts: { failed: 0 } });
    expect(ended.counts.deleted + ended.counts.alreadyGone).toBeGreaterThanOrEqual(150);
    expect(studio.store.count({ flowSid: WELCOME })).toEqual({ active: 5, ended: 30, deleted: 150 });
  });
});

describe('the policies of one schedule', () => {
  test('end each in a record of its own: one whose flow is gone at Twilio keeps no other from its work', async () => {
    const weekly = { olderThan: 'P7D', status: 'any' } as const;
    const policies = [
      { name: 'lost', flows: ['support'], ...weekly },
      { name: 'sound', flows: ['welcome'], ...weekly },
    ];
    const { studio, call, local, mistakes } = await startWorld({
      configInput: { ...configInput, policies },
      simulated: { flows: [{ sid: WELCOME }] },
    });
    onTestFinished(async () => {
      await local.close();
      expect(mistakes).toEqual([]);
    });
    studio.store.seed({ flowSid: WELCOME, count: 40, activeShare: 0.1, ...OLD });
    await local.fireSchedule();
    const { body } = await until(
      () => call('GET', '/purges'),
      ({ body: { purges } }) =>
        purges.length === 2 && purges.every(({ status }: { status: string }) => status !== 'running'),
    );
    const of = (name: string) => body.purges.find(({ policy }: { policy: string }) => policy === name);
    expect(of('lost')).toMatchObject({
      status: 'failed',
      error: 'flow support could not be listed: list: not-found (20404)',
      counts: { matched: 0, deleted: 0 },
    });
    expect(of('sound')).toMatchObject({
      status: 'succeeded',
      error: null,
      counts: { matched: 40, ended: 4, deleted: 40, failed: 0 },
    });
    expect(studio.store.count()).toEqual({ active: 0, ended: 0, deleted: 40 });
  });
});
