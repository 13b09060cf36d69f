import { setImmediate as nextTurn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { type Execution, NEVER, sidOf } from '../../../infra/simulator/store/execution.ts';
import { Store } from '../../../infra/simulator/store/store.ts';
import { Timeline } from '../../../infra/simulator/store/timeline.ts';
import { FLOW, FROM, NOON, OTHER_FLOW } from '../../support/simulator.ts';

const newStore = (seed = 1) => new Store(seed, () => NOON);

test('a SID follows from what it is of, and another prefix, key or salt gives another one', () => {
  const sids = [sidOf('FN', 1, 1), sidOf('FN', 2, 1), sidOf('FN', 1, 2), sidOf('FC', 1, 1)];
  for (const sid of sids) expect(sid).toMatch(/^F[NC][0-9a-f]{32}$/);
  expect(new Set(sids.map((sid) => sid.slice(2))).size).toBe(4);
  expect(sidOf('FN', 1, 1)).toBe(sids[0]);
});

test('the same seed gives the same executions, another seed others', () => {
  const seeded = (seed: number) => {
    const store = newStore(seed);
    store.seed({ flowSid: FLOW, count: 200, activeShare: 0.3, contacts: 50, parameters: { plan: 'B' } });
    return [...store.list()];
  };
  expect(seeded(1)).toEqual(seeded(1));
  expect(seeded(2).map(({ sid }) => sid)).not.toEqual(seeded(1).map(({ sid }) => sid));
});

test('the active share is exact, and spread over the whole time', () => {
  const store = newStore();
  expect(store.seed({ flowSid: FLOW, count: 1_000, activeShare: 0.37 })).toMatchObject({
    active: 370,
    ended: 630,
  });
  const noon = new Date(NOON - 12 * 3_600_000).toISOString();
  const { active } = store.count({ dateCreatedFrom: noon });
  expect(active).toBeGreaterThanOrEqual(184);
  expect(active).toBeLessThanOrEqual(186);
});

test('a pair of contact and sender has one active execution at most, in any flow', () => {
  const store = newStore();
  store.seed({ flowSid: FLOW, count: 30, contacts: 10, activeShare: 1, firstContact: 0 });
  store.seed({ flowSid: OTHER_FLOW, count: 30, contacts: 10, activeShare: 1, firstContact: 0 });
  expect(store.count()).toEqual({ active: 10, ended: 50, deleted: 0 });
  const pairs = [...store.list({ status: 'active' })].map(({ to, from }) => `${to} ${from}`);
  expect(new Set(pairs).size).toBe(10);
});

test('no seed uses the contacts of another unless told so', () => {
  const store = newStore();
  store.seed({ flowSid: FLOW, count: 30, contacts: 10 });
  store.seed({ flowSid: FLOW, count: 5 });
  store.seed({ flowSid: FLOW, count: 7, contact: 'whatsapp:+5511999999999', sender: 'MG1' });
  expect(new Set([...store.list()].map(({ to }) => to)).size).toBe(16);
  expect(store.count({ contact: 'whatsapp:+5511999999999' }).ended).toBe(7);
  expect(store.count({ contact: 'client:nobody' }).ended).toBe(0);
});

test('what the store did is seen in what it tells', () => {
  const store = newStore();
  store.seed({
    flowSid: FLOW,
    count: 3,
    activeShare: 1,
    dateCreatedFrom: '2026-11-20T09:00:00Z',
    dateCreatedTo: '2026-11-20T12:00:00Z',
    parameters: { plan: 'B' },
  });
  const [first, second, third] = [...store.list()];
  if (!first || !second || !third) throw new Error('three were seeded');
  expect(first).toEqual({
    sid: first.sid,
    flowSid: FLOW,
    to: '+15550000000',
    from: FROM,
    status: 'active',
    dateCreated: '2026-11-20T09:00:00Z',
    dateUpdated: null,
    parameters: { plan: 'B' },
  });
  expect([store.end(second.sid), store.end(second.sid)]).toEqual([true, false]);
  expect([store.delete(third.sid), store.delete(third.sid)]).toEqual([true, false]);
  expect([store.end(`FN${'0'.repeat(32)}`), store.delete('nonsense')]).toEqual([false, false]);
  expect(store.find(second.sid)).toMatchObject({ status: 'ended', dateUpdated: '2026-11-20T12:00:00Z' });
  expect(store.find(third.sid)?.status).toBe('deleted');
  expect([...store.list()].map(({ sid }) => sid)).toEqual([first.sid, second.sid]);
  expect([...store.list({ status: 'deleted' })].map(({ sid }) => sid)).toEqual([third.sid]);
  const [ten, eleven] = ['2026-11-20T10:00:00Z', '2026-11-20T11:00:00Z'];
  expect(store.count({ flowSid: FLOW, dateCreatedFrom: ten })).toEqual({ active: 0, ended: 1, deleted: 1 });
  expect(store.count({ dateCreatedFrom: ten, dateCreatedTo: eleven })).toEqual({
    active: 0,
    ended: 1,
    deleted: 0,
  });
});

test('it stays in order while most of it is deleted', () => {
  const store = newStore();
  store.seed({ flowSid: FLOW, count: 5_000 });
  const sids = [...store.list()].map(({ sid }) => sid);
  const survivors = sids.filter((_, index) => index % 10 === 3);
  for (const [index, sid] of sids.entries()) if (index % 10 !== 3) store.delete(sid);

  const all = { status: undefined, fromMs: 0, toMs: NEVER };
  const { executions, more } = store.slice(FLOW, all, { offset: 0 }, 1_000);

  expect(more).toBe(false);
  expect(executions.map(({ sid }) => sid)).toEqual(survivors.toReversed());
});

test('deleted executions are dropped, so that the list of a purged flow stays short', () => {
  const timeline = new Timeline();
  const executions = Array.from({ length: 10_000 }, (_, number): Execution => {
    const createdMs = number * 1_000;
    const texts = {
      sid: '',
      flowSid: FLOW,
      to: '',
      from: '',
      contactSid: '',
      parameters: '{}',
      dateCreated: '',
    };
    return { ...texts, flowVersion: 1, createdMs, endedMs: 0, deletedMs: NEVER, number };
  });
  for (const execution of executions) timeline.add(execution);
  for (const execution of executions.slice(0, 9_000)) {
    execution.deletedMs = 0;
    timeline.noteDelete(({ deletedMs }) => deletedMs <= 0);
  }
  expect(timeline.length).toBeLessThan(3_000);
  const [newest] = timeline.olderThan({ createdMs: NEVER, number: 0 });
  expect(newest?.number).toBe(9_999);
});

test('a hundred thousand executions cost less than six hundred bytes each, with one in ten active', async () => {
  setFlagsFromString('--expose-gc');
  const collect: () => void = runInNewContext('gc');
  // What earlier tests have left takes more than one collection, and buffers go some time after it.
  const bytesNow = async () => {
    for (let times = 0; times < 3; times++) {
      collect();
      await nextTurn();
    }
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    return heapUsed + arrayBuffers;
  };
  const count = 100_000;
  const store = newStore();
  const before = await bytesNow();

  expect(store.seed({ flowSid: FLOW, count, activeShare: 0.1 })).toMatchObject({
    active: 10_000,
    ended: 90_000,
  });

  const bytesEach = ((await bytesNow()) - before) / count;
  // A SID alone has 34 bytes: less means that the measure is broken.
  expect(bytesEach).toBeGreaterThan(34);
  expect(bytesEach).toBeLessThan(600);
  expect(store.count()).toEqual({ active: 10_000, ended: 90_000, deleted: 0 });
});
