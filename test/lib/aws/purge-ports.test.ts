import { createServer, type IncomingHttpHeaders } from 'node:http';
import { text } from 'node:stream/consumers';
import { afterEach, describe, expect, test } from 'vitest';
import { startS3 } from '../../../infra/local/aws/s3.ts';
import { createArchiveStore } from '../../../lib/aws/archive.ts';
import { createWorkerStarter } from '../../../lib/aws/worker.ts';
import { checkConfig } from '../../../lib/config/configuration.ts';
import type { PurgeStore, WorkerStarter } from '../../../lib/purge/engine/ports.ts';
import { orderPurge } from '../../../lib/purge/order/order.ts';
import type { PurgeRequest } from '../../../lib/purge/record/record.ts';
import { HEARTBEAT_TIMEOUT_MS } from '../../../lib/purge/record/view.ts';
import { onLoopback } from '../../support/loopback.ts';
import { createMemorySlots } from '../../support/purge/ports/slots.ts';
import { createMemoryPurges } from '../../support/purge/ports/store.ts';
import { requestOf } from '../../support/purge/request.ts';
import { createMemoryClaims } from '../../support/trigger/claims.ts';

const REGION = 'eu-central-1';
const KEYS = { AWS_ACCESS_KEY_ID: 'key', AWS_SECRET_ACCESS_KEY: 'local' };
const WORKER = `arn:aws:lambda:${REGION}:123456789012:function:cleanup:live`;
const NOW_MS = Date.UTC(2026, 0, 1);
const LEASE_MS = 31_000;

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
  for (const name of ['AWS_ENDPOINT_URL_LAMBDA', 'AWS_ENDPOINT_URL_S3']) delete process.env[name];
});

/** Lambda's Invoke: writes down what came, and answers as it is told. */
async function lambdaThat(answers: { status: number; error?: string }) {
  const invoked: { url: string; headers: IncomingHttpHeaders; payload: unknown }[] = [];
  const server = createServer(async (request, response) => {
    invoked.push({
      url: request.url ?? '',
      headers: request.headers,
      payload: JSON.parse(await text(request)),
    });
    const error = answers.error ? { 'x-amzn-errortype': answers.error } : {};
    response.writeHead(answers.status, error).end(answers.error ? '{"message":"no"}' : '');
  });
  process.env['AWS_ENDPOINT_URL_LAMBDA'] = (await onLoopback(server)).url;
  closing.push(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return invoked;
}

describe('starting the worker', () => {
  test('invokes its alias without waiting for it, under a name of its own for each run', async () => {
    const invoked = await lambdaThat({ status: 202 });
    await createWorkerStarter(KEYS, REGION, WORKER).start('pu1', 2);
    const [{ url, headers, payload } = { url: '', headers: {}, payload: null }] = invoked;
    expect(decodeURIComponent(url)).toBe(`/2015-03-31/functions/${WORKER}/invocations`);
    expect(headers['x-amz-invocation-type']).toBe('Event');
    expect(headers['x-amz-durable-execution-name']).toBe('pu1-2');
    expect(payload).toEqual({ purge: 'pu1', run: 2 });
  });

  test('that was started already is fine', async () => {
    await lambdaThat({ status: 409, error: 'DurableExecutionAlreadyStartedException' });
    await expect(createWorkerStarter(KEYS, REGION, WORKER).start('pu1', 1)).resolves.toBeUndefined();
  });

  test('that is refused throws', async () => {
    await lambdaThat({ status: 403, error: 'AccessDeniedException' });
    await expect(createWorkerStarter(KEYS, REGION, WORKER).start('pu1', 1)).rejects.toThrow();
  });
});

describe('the archive', () => {
  test('stores an object under its key, and again in the same place', async () => {
    const s3 = await startS3({ buckets: ['archive'] });
    closing.push(() => s3.close());
    process.env['AWS_ENDPOINT_URL_S3'] = s3.url;
    const archive = createArchiveStore(KEYS, REGION, 'archive');
    const key = 'welcome/2026-01-01/pu1/00000001.ndjson.gz';
    await archive.put(key, Buffer.from('first'));
    await archive.put(key, Buffer.from('second'));
    expect(s3.store.list('archive').map((one) => [one.key, one.bytes.toString()])).toEqual([[key, 'second']]);
    expect(s3.store.get('archive', key).headers).toMatchObject({
      'content-type': 'application/x-ndjson',
      'content-encoding': 'gzip',
    });
  });

  test('that is not there throws', async () => {
    const s3 = await startS3({ buckets: [] });
    closing.push(() => s3.close());
    process.env['AWS_ENDPOINT_URL_S3'] = s3.url;
    const archive = createArchiveStore(KEYS, REGION, 'archive');
    await expect(archive.put('key', Buffer.from('body'))).rejects.toThrow();
  });
});

function ordering(worker: WorkerStarter) {
  const clock = { nowMs: NOW_MS };
  const store = createMemoryPurges();
  const slots = createMemorySlots();
  let ids = 0;
  const ports = {
    config: checkConfig({ flows: [{ alias: 'welcome', sid: `FW${'a'.repeat(32)}` }] }),
    secret: {
      get: () => {
        throw new Error('Without a contact nobody needs the secret');
      },
    },
    store,
    slots,
    worker,
    claims: createMemoryClaims(),
    now: () => clock.nowMs,
    newId: () => String(++ids),
  };
  const order = (key: string | null, changes: Partial<PurgeRequest> = {}, caller = 'bearer:tests') =>
    orderPurge(ports, {
      caller,
      route: 'POST /purges',
      idempotencyKey: key,
      request: requestOf(changes),
    });
  return { clock, store, slots, order };
}

describe('asking for a purge', () => {
  test('without a key starts one each time', async () => {
    const { order, store } = ordering({ start: async () => undefined });
    await order(null);
    await order(null);
    expect((await store.list(10, null)).purges).toHaveLength(2);
  });

  test('with a key starts one, and shows later how it stands', async () => {
    const { order, store } = ordering({ start: async () => undefined });
    const first = await order('key');
    if (first.outcome !== 'started') throw new Error(first.outcome);
    await store.save({ ...first.record, status: 'succeeded' }, 1);
    expect(await order('key')).toMatchObject({
      outcome: 'started',
      replayed: true,
      record: { id: first.record.id, status: 'succeeded' },
    });
    expect(await order('key', { olderThan: 'P8D' })).toEqual({ outcome: 'key-reused' });
  });

  test('whose first request died before the worker was started is finished by the next one', async () => {
    const starts: string[] = [];
    let dies = true;
    const { clock, order, store } = ordering({
      start: async (purge) => {
        starts.push(purge);
        // A process that dies answers nobody.
        if (dies) await new Promise(() => undefined);
      },
    });
    void order('key');
    while (starts.length === 0) await new Promise((resolve) => setImmediate(resolve));
    dies = false;
    expect((await order('key')).outcome).toBe('in-progress');
    clock.nowMs += LEASE_MS;
    expect(await order('key')).toMatchObject({ outcome: 'started', record: { id: starts[0] } });
    expect(starts).toEqual([starts[0], starts[0]]);
    expect((await store.list(10, null)).purges).toHaveLength(1);
  });

  test('with a worker that cannot be started gives the key back', async () => {
    let refuses = true;
    const { clock, order, store } = ordering({
      start: async () => {
        if (refuses) throw new Error('AccessDenied');
      },
    });
    expect((await order('key')).outcome).toBe('not-started');
    refuses = false;
    clock.nowMs += 1;
    expect(await order('key')).toMatchObject({ outcome: 'started', replayed: false });
    expect((await store.list(10, null)).purges.map(({ status }) => status)).toEqual(['running', 'failed']);
  });
});

describe('purges that run at once', () => {
  const willing = { start: async () => undefined };
  const end = async (store: PurgeStore, id: string) => {
    const stored = await store.read(id);
    if (stored) await store.save({ ...stored.record, status: 'succeeded' }, stored.version);
  };
  const refusedTo = (of: 'caller' | 'deployment') => ({
    outcome: 'full',
    of,
    most: of === 'caller' ? 5 : 20,
  });

  test('are 5 of one caller, dry runs among them, and another as soon as one has ended', async () => {
    const { order, store } = ordering(willing);
    for (let nth = 0; nth < 5; nth++)
      expect((await order(null, { dryRun: nth % 2 === 0 })).outcome).toBe('started');
    expect(await order(null)).toEqual(refusedTo('caller'));
    expect((await order(null, {}, 'bearer:others')).outcome).toBe('started');
    const [newest] = (await store.list(1, null)).purges;
    const { purges } = await store.list(10, null);
    expect(purges).toHaveLength(6);
    await end(store, purges.find(({ id }) => id !== newest?.id)?.id ?? '');
    expect((await order(null)).outcome).toBe('started');
    expect(await order(null)).toEqual(refusedTo('caller'));
  });

  test('are 20 in all, whoever asked for them, and nothing is written of what is refused', async () => {
    const { order, store } = ordering(willing);
    for (let nth = 0; nth < 20; nth++)
      expect((await order(null, {}, `bearer:${Math.floor(nth / 4)}`)).outcome).toBe('started');
    expect(await order('key', {}, 'bearer:0')).toEqual(refusedTo('deployment'));
    const { purges } = await store.list(30, null);
    expect(purges).toHaveLength(20);
    await end(store, purges.at(-1)?.id ?? '');
    // The refusal is not the key's answer.
    expect(await order('key', {}, 'bearer:0')).toMatchObject({ outcome: 'started', replayed: false });
    expect(await order('other', {}, 'bearer:0')).toEqual(refusedTo('caller'));
  });

  test('do not count what has given no sign of life for long, nor what could not be started', async () => {
    let refuses = true;
    const { clock, order } = ordering({
      start: async () => {
        if (refuses) throw new Error('AccessDenied');
      },
    });
    for (let nth = 0; nth < 7; nth++) expect((await order(null)).outcome).toBe('not-started');
    refuses = false;
    for (let nth = 0; nth < 5; nth++) expect((await order(null)).outcome).toBe('started');
    expect(await order(null)).toEqual(refusedTo('caller'));
    clock.nowMs += HEARTBEAT_TIMEOUT_MS + 1;
    expect((await order(null)).outcome).toBe('started');
  });

  test('take one slot for a key, also when its first request died before the record or after it', async () => {
    const { clock, order, store, slots } = ordering(willing);
    const create = store.create;
    const reached = Promise.withResolvers<void>();
    store.create = async () => {
      reached.resolve();
      // A process that dies answers nobody.
      return new Promise(() => undefined);
    };
    void order('key');
    await reached.promise;
    store.create = create;
    for (let nth = 0; nth < 4; nth++) expect((await order(null)).outcome).toBe('started');
    expect(await order(null)).toEqual(refusedTo('caller'));
    clock.nowMs += LEASE_MS;
    expect(await order('key')).toMatchObject({ outcome: 'started', replayed: false });
    expect(await order('key')).toMatchObject({ outcome: 'started', replayed: true });
    expect((await store.list(10, null)).purges).toHaveLength(5);
    expect((await slots.read()).slots).toHaveLength(5);
  });

  test('lose the slot of a request that died before the record, after a minute', async () => {
    const { clock, order, slots } = ordering(willing);
    const { version } = await slots.read();
    const dead = ['1', '2', '3', '4', '5'].map((purge) => ({
      purge,
      caller: 'bearer:tests',
      takenMs: clock.nowMs,
    }));
    await slots.write(dead, version);
    clock.nowMs += 59_000;
    expect(await order(null)).toEqual(refusedTo('caller'));
    clock.nowMs += 1_000;
    expect((await order(null)).outcome).toBe('started');
  });

  test('a key whose first request had its record and nothing else needs no other slot', async () => {
    const starts: string[] = [];
    let dies = true;
    const { clock, order, store, slots } = ordering({
      start: async (purge) => {
        starts.push(purge);
        if (dies) await new Promise(() => undefined);
      },
    });
    void order('key');
    while (starts.length === 0) await new Promise((resolve) => setImmediate(resolve));
    dies = false;
    await slots.write([], (await slots.read()).version);
    for (let nth = 0; nth < 5; nth++) expect((await order(null)).outcome).toBe('started');
    clock.nowMs += LEASE_MS;
    expect(await order('key')).toMatchObject({ outcome: 'started', record: { id: starts[0] } });
    expect((await store.list(10, null)).purges).toHaveLength(6);
  });
});
