import { LocalDurableTestRunner } from '@aws/durable-execution-sdk-js-testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { CENSUS_INPUT } from '../../lib/census/census.ts';
import { checkConfig } from '../../lib/config/configuration.ts';
import { startWorker } from '../support/apart/worker.ts';

/** The worker's own module, started by the rule that counts, under AWS's test runner for durable functions. */

const WELCOME = `FW${'a'.repeat(32)}`;
const DAY_MS = 86_400_000;

const config = checkConfig({
  flows: [{ alias: 'welcome', sid: WELCOME }],
  policies: [{ name: 'weekly', olderThan: 'P7D' }],
});

let worker: Awaited<ReturnType<typeof startWorker>>;

beforeAll(async () => {
  // Nothing listens there: a census starts no purge.
  worker = await startWorker(config, 'http://127.0.0.1:9');
});

afterAll(() => worker.close());

test('counts what is active, in one durable operation a flow, and changes nothing', async () => {
  const daysAgo = (days: number) => new Date(Date.now() - days * DAY_MS).toISOString();
  const seed = { flowSid: WELCOME, dateCreatedFrom: daysAgo(9), dateCreatedTo: daysAgo(8) };
  await worker.ask({ seed: { ...seed, count: 1_500, activeShare: 0.5 } });
  const runner = new LocalDurableTestRunner({ handlerFunction: worker.handler });
  const execution = await runner.run({ payload: CENSUS_INPUT });
  expect(execution.getStatus()).toBe('SUCCEEDED');
  expect(execution.getResult()).toEqual([
    {
      flow: 'welcome',
      outcome: 'counted',
      counts: { activeOverWeek: 750, activeUnderWeek: 0, activeUnderDay: 0, activeUnderHour: 0 },
    },
  ]);
  expect(execution.getOperations().map((one) => one.getName())).toEqual(['census-welcome', 'census']);
  const { counts } = await worker.ask({});
  expect(counts).toEqual({ active: 750, ended: 750, deleted: 0 });
});
