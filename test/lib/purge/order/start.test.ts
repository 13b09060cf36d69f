import { describe, expect, test } from 'vitest';
import { checkConfig } from '../../../../lib/config/configuration.ts';
import type { PurgeStore } from '../../../../lib/purge/engine/ports.ts';
import { hashContacts } from '../../../../lib/purge/order/contact-key.ts';
import {
  policyRequest,
  readWorkerInput,
  startPolicies,
  startPolicy,
} from '../../../../lib/purge/order/policies.ts';
import { stopPurge } from '../../../../lib/purge/order/purge-service.ts';
import { startPurge } from '../../../../lib/purge/order/start.ts';
import { isPurgeId, purgeId, runName } from '../../../../lib/purge/record/purge-id.ts';
import type { PurgeRecord } from '../../../../lib/purge/record/record.ts';
import { HEARTBEAT_TIMEOUT_MS, viewOf } from '../../../../lib/purge/record/view.ts';
import { createMemoryFailures } from '../../../support/purge/ports/failures.ts';
import { createMemoryPurges } from '../../../support/purge/ports/store.ts';
import { requestOf } from '../../../support/purge/request.ts';
import { config, contactKey, NOON } from '../../../support/purge/world.ts';

const id = purgeId(NOON, 'test');
const request = requestOf({ dryRun: false });
const order = { id, request, requestedBy: 'bearer:tests', policy: null, nowMs: NOON };
const willing = { start: async () => undefined };
const refusing = {
  start: async () => {
    throw new Error('AccessDenied');
  },
};

const storesOf = (store: PurgeStore) => ({ store, failures: createMemoryFailures() });

async function recordIn(store: ReturnType<typeof createMemoryPurges>): Promise<PurgeRecord> {
  const stored = await store.read(id);
  if (!stored) throw new Error('There is no record');
  return stored.record;
}

describe('a purge’s id', () => {
  test('sorts by time, and with its run is a name that AWS takes', () => {
    const ids = [NOON, NOON + 1, NOON + 1_000, NOON + 10 ** 9].map((ms) => purgeId(ms, String(ms)));
    expect(ids.toSorted()).toEqual(ids);
    expect(ids.every(isPurgeId)).toBe(true);
    expect(runName(id, 99_999)).toMatch(/^[A-Za-z0-9_-]{1,64}$/);
  });

  test('is the same for the same start and seed only', () => {
    expect(purgeId(NOON, 'test')).toBe(id);
    expect(purgeId(NOON, 'other')).not.toBe(id);
  });
});

describe('starting a purge', () => {
  test('writes the record first, with the address as a keyed hash', async () => {
    const store = createMemoryPurges();
    let recordAtStart: PurgeRecord | undefined;
    const worker = {
      start: async () => {
        recordAtStart = await recordIn(store);
      },
    };
    const withContact = { ...order, request: { ...request, contact: '+15005550006' } };
    await startPurge({ config, store, worker }, withContact, contactKey);
    expect(recordAtStart?.request.contact).toMatch(/^hmac-sha256:/);
    expect(JSON.stringify(recordAtStart)).not.toContain('5005550006');
  });

  test('of several contacts keeps a hash of each, in their order, and shows how they are compared', async () => {
    const store = createMemoryPurges();
    const contact = ['+15005550006', 'whatsapp:+15005550006'];
    const started = { ...order, request: { ...request, contact } };
    await startPurge({ config, store, worker: willing }, started, contactKey);
    const record = await recordIn(store);
    expect(record.request.contact).toEqual(contact.map((one) => hashContacts(contactKey, one)));
    expect(JSON.stringify(record)).not.toContain('5005550006');
    expect(viewOf(record, NOON)).toMatchObject({ contactMatching: 'exact' });
    expect(viewOf({ ...record, request }, NOON)).toMatchObject({ contactMatching: null });
  });

  test('again with the same id starts the worker again, and leaves the record as it is', async () => {
    const store = createMemoryPurges();
    const starts: string[] = [];
    const worker = { start: async (purge: string, run: number) => void starts.push(runName(purge, run)) };
    const first = await startPurge({ config, store, worker }, order, null);
    const again = await startPurge({ config, store, worker }, { ...order, nowMs: NOON + 60_000 }, null);
    expect(again).toEqual(first);
    expect(starts).toEqual([`${id}-1`, `${id}-1`]);
  });

  test('with a worker that cannot be started leaves a record that says so', async () => {
    const store = createMemoryPurges();
    const started = await startPurge({ config, store, worker: refusing }, order, null);
    expect(started.outcome).toBe('not-started');
    expect(await recordIn(store)).toMatchObject({
      status: 'failed',
      error: 'The worker could not be started.',
    });
  });

  test('with a worker that did start, although the answer got lost, goes on', async () => {
    const store = createMemoryPurges();
    const worker = {
      start: async () => {
        await store.save({ ...(await recordIn(store)), dateUpdated: '2026-11-22T10:00:00.000Z' }, 1);
        throw new Error('TimeoutError');
      },
    };
    expect(await startPurge({ config, store, worker }, order, null)).toMatchObject({
      outcome: 'started',
      record: { status: 'running' },
    });
  });
});

describe('stopping a purge', () => {
  test('asks its worker to; one that is over stays as it is', async () => {
    const store = createMemoryPurges();
    await startPurge({ config, store, worker: willing }, order, null);
    expect(await stopPurge(storesOf(store), id, NOON)).toMatchObject({
      outcome: 'stopping',
      record: { status: 'running' },
    });
    expect((await store.read(id))?.stopRequested).toBe(true);
    const over = { ...(await recordIn(store)), status: 'succeeded' as const };
    await store.save(over, 1);
    expect(await stopPurge(storesOf(store), id, NOON)).toEqual({ outcome: 'finished-already', record: over });
    expect(await stopPurge(storesOf(store), purgeId(NOON, 'nobody'), NOON)).toEqual({
      outcome: 'unknown-purge',
    });
  });

  test('whose worker has gone silent stops it here and now', async () => {
    const store = createMemoryPurges();
    await startPurge({ config, store, worker: willing }, order, null);
    await stopPurge(storesOf(store), id, NOON + HEARTBEAT_TIMEOUT_MS + 1);
    expect(await recordIn(store)).toMatchObject({ status: 'stopped' });
  });
});

describe('the view of a purge', () => {
  test('shows one whose worker has gone silent as failed, and nothing of the worker’s own', async () => {
    const store = createMemoryPurges();
    await startPurge({ config, store, worker: willing }, order, null);
    const record = await recordIn(store);
    expect(viewOf(record, NOON + HEARTBEAT_TIMEOUT_MS).status).toBe('running');
    expect(viewOf(record, NOON + HEARTBEAT_TIMEOUT_MS + 1)).toMatchObject({
      status: 'failed',
      error: expect.stringContaining('not been heard of'),
    });
    expect(Object.keys(viewOf(record, NOON))).not.toEqual(expect.arrayContaining(['progress']));
  });
});

describe('the policies', () => {
  const policies = checkConfig({
    flows: [{ alias: 'welcome', sid: `FW${'a'.repeat(32)}` }],
    policies: [
      { name: 'weekly', olderThan: 'P7D', archive: true },
      { name: 'stuck', olderThan: 'P1D', action: 'end', archive: true },
    ],
  });
  const occurrence = { id: 'event', timeMs: NOON };

  test('are requests that really delete; one that ends means what can be ended', () => {
    const [weekly, stuck] = policies.policies.map(policyRequest);
    expect(weekly).toMatchObject({
      status: 'ended',
      action: 'delete',
      archive: true,
      dryRun: false,
      limit: null,
    });
    expect(stuck).toMatchObject({ status: 'active', action: 'end', archive: false });
  });

  test('of one occurrence are started once each, however often the event comes', async () => {
    const store = createMemoryPurges();
    const ports = { config: policies, store, worker: willing };
    const start = () => startPolicies(policies, (policy) => startPolicy(ports, policy, occurrence));
    const first = await start();
    expect(await start()).toEqual(first);
    expect(new Set(first.map(({ purge }) => purge)).size).toBe(2);
    expect((await store.list(10, null)).purges.map(({ policy }) => policy).sort()).toEqual([
      'stuck',
      'weekly',
    ]);
  });

  test('that cannot be started keep no other from running', async () => {
    const store = createMemoryPurges();
    const ports = { config: policies, store, worker: willing };
    const runs = await startPolicies(policies, (policy) => {
      if (policy.name === 'weekly') throw new Error('the table cannot be reached');
      return startPolicy(ports, policy, occurrence);
    });
    expect(runs.map(({ outcome }) => outcome)).toEqual(['not-started', 'started']);
  });

  test('that cannot be started tell what kept them', async () => {
    const refuses = async () => {
      throw new TypeError('personal');
    };
    const ports = { config: policies, store: createMemoryPurges(), worker: { start: refuses } };
    const runs = await startPolicies(policies, (policy) => {
      if (policy.name === 'weekly') throw new RangeError('personal');
      return startPolicy(ports, policy, occurrence);
    });
    expect(runs).toMatchObject([
      { policy: 'weekly', outcome: 'not-started', errors: ['RangeError'] },
      { policy: 'stuck', outcome: 'not-started', errors: ['TypeError'] },
    ]);
  });
});

describe('what the worker is started with', () => {
  test.each([
    [
      { purge: id, run: 3 },
      { kind: 'purge', purge: id, run: 3 },
    ],
    [{ purge: id }, { kind: 'purge', purge: id, run: 1 }],
    [
      {
        source: 'aws.events',
        'detail-type': 'Scheduled Event',
        id: 'e',
        time: '2026-11-20T12:00:00Z',
        detail: {},
      },
      { kind: 'schedule', id: 'e', timeMs: NOON },
    ],
    [{ source: 'schedule' }, { kind: 'schedule', id: null, timeMs: null }],
  ])('%j', (event, input) => {
    expect(readWorkerInput(event)).toEqual(input);
  });

  test.each([null, {}, { source: 'aws.s3' }, { Records: [] }, 'purge'])('is never %j', (event) => {
    expect(() => readWorkerInput(event)).toThrow();
  });
});
