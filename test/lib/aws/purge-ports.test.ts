import { createServer, type IncomingHttpHeaders } from 'node:http';
import { text } from 'node:stream/consumers';
import { afterEach, describe, expect, test } from 'vitest';
import { startS3 } from '../../../infra/local/aws/s3/server.ts';
import { createArchiveStore } from '../../../lib/aws/archive.ts';
import { orderPurge } from '../../../lib/aws/purge-orders.ts';
import { createWorkerStarter } from '../../../lib/aws/worker.ts';
import { checkConfig } from '../../../lib/config.ts';
import type { WorkerStarter } from '../../../lib/purge/ports.ts';
import type { PurgeRequest } from '../../../lib/purge/record.ts';
import { onLoopback } from '../../loopback.ts';
import { requestOf } from '../purge/world/request.ts';
import { createMemoryPurges } from '../purge/world/store.ts';
import { createMemoryClaims } from '../trigger/world/claims.ts';

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
  let ids = 0;
  const ports = {
    config: checkConfig({ flows: [{ alias: 'welcome', sid: `FW${'a'.repeat(32)}` }] }),
    secret: {
      get: () => {
        throw new Error('Without a contact nobody needs the secret');
      },
    },
    store,
    worker,
    claims: createMemoryClaims(),
    now: () => clock.nowMs,
    newId: () => String(++ids),
  };
  const order = (key: string | null, changes: Partial<PurgeRequest> = {}) =>
    orderPurge(ports, {
      caller: 'bearer:tests',
      route: 'POST /purges',
      idempotencyKey: key,
      request: requestOf(changes),
    });
  return { clock, store, order };
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
