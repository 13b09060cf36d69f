import { setImmediate as nextTurn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { mix32, unmix32 } from '../../../infra/simulator/random.ts';
import { Columns, DELETED, ENDED } from '../../../infra/simulator/store/columns.ts';
import { indexOf, sidOf } from '../../../infra/simulator/store/sids.ts';
import { Store } from '../../../infra/simulator/store/store.ts';
import { Timeline } from '../../../infra/simulator/store/timeline.ts';
import { FLOW, FROM, NOON, OTHER_FLOW } from '../../support/simulator.ts';

const newStore = (seed = 1) => new Store(seed, () => NOON);
const uint32 = fc.integer({ min: 0, max: 2 ** 32 - 1 });

test('a SID leads back to its row, and to none once a digit or the salt is another', () => {
  fc.assert(
    fc.property(uint32, uint32, fc.integer({ min: 2, max: 33 }), (row, salt, at) => {
      expect(unmix32(mix32(row))).toBe(row);
      const sid = sidOf('FN', row, salt);
      expect(sid).toMatch(/^FN[0-9a-f]{32}$/);
      expect(indexOf('FN', sid, salt)).toBe(row);
      expect(indexOf('FN', sid, salt ^ 1)).toBeUndefined();
      const digit = sid[at] === '0' ? '1' : '0';
      expect(indexOf('FN', sid.slice(0, at) + digit + sid.slice(at + 1), salt)).toBeUndefined();
    }),
  );
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
  const { executions } = store;
  const sids = [...store.list()].map(({ sid }) => sid);
  const survivors = sids.filter((_, index) => index % 10 === 3);
  for (const [index, sid] of sids.entries()) if (index % 10 !== 3) store.delete(sid);

  const { rows, more } = executions.slice(FLOW, {}, { style: 'offset', offset: 0 }, 1_000);

  expect(more).toBe(false);
  expect(rows.map((row) => executions.sidOf(row))).toEqual(survivors.toReversed());
});

test('tombstones are swept, so that the list of a purged flow stays short', () => {
  const columns = new Columns();
  const timeline = new Timeline(columns);
  const row = { flow: 0, contact: 0, sender: 0, updatedS: 0, endsAtMs: 0, flowVersion: 1, parameters: 0 };
  for (let createdS = 0; createdS < 10_000; createdS++)
    timeline.push(columns.push({ ...row, state: ENDED, createdS }));
  for (let dead = 0; dead < 9_000; dead++) {
    columns.state[dead] = DELETED;
    timeline.bury();
  }
  expect(timeline.length).toBeLessThan(3_000);
  expect(timeline.rowAt(timeline.length - 1)).toBe(9_999);
});

test('a hundred thousand executions cost less than a hundred bytes each, with one in ten active', async () => {
  setFlagsFromString('--expose-gc');
  const collect: () => void = runInNewContext('gc');
  // What somebody else has left goes in more than one collection, and buffers some time after it.
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
  // Thirty-three bytes of columns are in it at least: less means that the measure is broken.
  expect(bytesEach).toBeGreaterThan(33);
  expect(bytesEach).toBeLessThan(100);
  expect(store.count()).toEqual({ active: 10_000, ended: 90_000, deleted: 0 });
});
