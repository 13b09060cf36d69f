import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { LocalDurableTestRunner } from '@aws/durable-execution-sdk-js-testing';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { awsClientOptions } from '../../lib/aws/clients.ts';
import { createPurgeStore } from '../../lib/aws/table/purges.ts';
import { checkConfig } from '../../lib/config/configuration.ts';
import type { PurgeStore } from '../../lib/purge/engine/ports.ts';
import { startPurge } from '../../lib/purge/order/start.ts';
import { purgeId } from '../../lib/purge/record/purge-id.ts';
import type { PurgeRecord, PurgeRequest } from '../../lib/purge/record/record.ts';
import { AWS, startWorker } from '../support/apart/worker.ts';

/** The worker's own module, under AWS's test runner for durable functions. */

const WELCOME = `FW${'a'.repeat(32)}`;
const DAY_MS = 86_400_000;
const MAX_OPERATIONS = 2_000;

const config = checkConfig({
  flows: [{ alias: 'welcome', sid: WELCOME }],
  policies: [
    { name: 'weekly', olderThan: 'P7D' },
    { name: 'daily', olderThan: 'P1D', status: 'active', action: 'end' },
  ],
});

let worker: Awaited<ReturnType<typeof startWorker>>;
let store: PurgeStore;
let client: DynamoDBClient;

/** Lambda's Invoke, which only writes down who was to be started: the tests run the worker themselves. */
const started: { name: string; payload: unknown }[] = [];
const lambda = createServer(async (request, response) => {
  const body = await text(request);
  const name = String(request.headers['x-amz-durable-execution-name']);
  started.push({ name, payload: JSON.parse(body) });
  response.writeHead(202).end();
});

beforeAll(async () => {
  await new Promise<void>((resolve) => lambda.listen(0, '127.0.0.1', resolve));
  const { port } = lambda.address() as AddressInfo;
  worker = await startWorker(config, `http://127.0.0.1:${port}`);
  const { endpoints, resources } = worker;
  client = new DynamoDBClient({ ...awsClientOptions(AWS, AWS.AWS_REGION), endpoint: endpoints.DYNAMODB });
  store = createPurgeStore({ client, name: resources.table }, Date.now);
});

afterAll(async () => {
  client.destroy();
  await worker.close();
  lambda.closeAllConnections();
  lambda.close();
});

beforeEach(async () => {
  await worker.ask({ reset: true });
  started.length = 0;
});

let ids = 0;
async function order(changes: Partial<PurgeRequest> = {}): Promise<string> {
  const request: PurgeRequest = {
    flows: ['welcome'],
    status: 'any',
    olderThan: 'P7D',
    dateCreatedFrom: null,
    dateCreatedTo: null,
    contact: null,
    action: 'delete',
    archive: true,
    limit: null,
    dryRun: false,
    ...changes,
  };
  const started = await startPurge(
    { config, store, worker: { start: async () => undefined } },
    {
      id: purgeId(Date.now(), `cleanup ${++ids}`),
      request,
      requestedBy: 'tests',
      policy: null,
      nowMs: Date.now(),
    },
    null,
  );
  if (started.outcome !== 'started') throw new Error('not started');
  return started.record.id;
}

async function recordOf(id: string): Promise<PurgeRecord> {
  const stored = await store.read(id);
  if (!stored) throw new Error(`There is no purge ${id}`);
  return stored.record;
}

async function seed(count: number) {
  const dateCreatedFrom = new Date(Date.now() - 9 * DAY_MS).toISOString();
  const dateCreatedTo = new Date(Date.now() - 8 * DAY_MS).toISOString();
  await worker.ask({ seed: { flowSid: WELCOME, count, activeShare: 0.25, dateCreatedFrom, dateCreatedTo } });
}

describe('the worker', () => {
  test('brings a purge to its end in few operations', async () => {
    await seed(1_000);
    const id = await order();
    const runner = new LocalDurableTestRunner({ handlerFunction: worker.handler });
    const execution = await runner.run({ payload: { purge: id, run: 1 } });
    expect(execution.getStatus()).toBe('SUCCEEDED');
    expect(execution.getResult()).toEqual({ purge: id, status: 'succeeded' });
    expect(execution.getOperations().length).toBeLessThan(5);
    expect((await recordOf(id)).counts).toEqual({
      listed: 1_000,
      matched: 1_000,
      archived: 1_000,
      ended: 250,
      deleted: 1_000,
      alreadyGone: 0,
      failed: 0,
    });
    const { counts, deletedWhileActive } = await worker.ask({});
    expect(counts.deleted).toBe(1_000);
    expect(deletedWhileActive).toBe(0);
  });

  test('waits longer and longer while Studio is down, and then says that the purge failed', async () => {
    await seed(10);
    await worker.ask({ behave: { faults: [{ kind: 'error', status: 400, operations: ['ListExecution'] }] } });
    const rejected = await order();
    await new LocalDurableTestRunner({ handlerFunction: worker.handler }).run({
      payload: { purge: rejected, run: 1 },
    });
    expect(await recordOf(rejected)).toMatchObject({
      status: 'failed',
      error: expect.stringMatching(/^flow welcome could not be listed: list: rejected/),
    });

    await worker.ask({ behave: { credentials: [{ username: 'nobody', password: 'nothing' }], faults: [] } });
    const refused = await order();
    const runner = new LocalDurableTestRunner({ handlerFunction: worker.handler });
    const execution = await runner.run({ payload: { purge: refused, run: 1 } });
    expect(await recordOf(refused)).toMatchObject({
      status: 'failed',
      error: expect.stringContaining('refused-credentials'),
      counts: { deleted: 0 },
    });
    const waits = execution
      .getOperations()
      .filter((one) => one.getType() === 'WAIT')
      .map((one) => one.getWaitDetails()?.waitSeconds);
    expect(waits).toEqual([1, 2, 4, 8]);
  });

  test('starts each policy for a schedule’s event, once however often it is delivered', async () => {
    await seed(40);
    const event = {
      version: '0',
      id: 'b1c2d3e4-0000-4000-8000-000000000001',
      'detail-type': 'Scheduled Event',
      source: 'aws.events',
      time: `${new Date().toISOString().slice(0, 19)}Z`,
      detail: {},
    };
    const outcomes = [];
    for (let delivered = 1; delivered <= 2; delivered++) {
      const runner = new LocalDurableTestRunner({ handlerFunction: worker.handler });
      const execution = await runner.run({ payload: event });
      expect(execution.getStatus()).toBe('SUCCEEDED');
      expect(execution.getOperations().length).toBeLessThan(MAX_OPERATIONS);
      outcomes.push(execution.getResult());
    }
    expect(outcomes[0]).toMatchObject([
      { policy: 'weekly', outcome: 'started' },
      { policy: 'daily', outcome: 'started' },
    ]);
    expect(outcomes[1]).toEqual(outcomes[0]);
    // Lambda starts a name once.
    const [weekly, daily] = started;
    expect(started.slice(2)).toEqual([weekly, daily]);
    expect(weekly?.name).toMatch(/^pu[0-9a-z]{26}-1$/);
    expect(weekly?.payload).toEqual({ purge: weekly?.name.slice(0, -2), run: 1 });
  });

  test('does nothing for an event that it does not know', async () => {
    const runner = new LocalDurableTestRunner({ handlerFunction: worker.handler });
    const execution = await runner.run({ payload: { Records: [] } });
    expect(execution.getStatus()).toBe('FAILED');
    expect((await worker.ask({})).requests).toBe(0);
  });
});
