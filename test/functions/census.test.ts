import { LocalDurableTestRunner } from '@aws/durable-execution-sdk-js-testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { endpointVariables } from '../../infra/local/endpoints.ts';
import { CENSUS_INPUT } from '../../lib/census.ts';
import { checkConfig } from '../../lib/config.ts';
import { startApart } from './apart/stand-ins.ts';

/** The worker's own module, started by the rule that counts, under AWS's test runner for durable functions. */

const WELCOME = `FW${'a'.repeat(32)}`;
const DAY_MS = 86_400_000;
const QUIET_MS = 50;

const config = checkConfig({
  flows: [{ alias: 'welcome', sid: WELCOME }],
  policies: [{ name: 'weekly', olderThan: 'P7D' }],
});

let apart: Awaited<ReturnType<typeof startApart>>;
let handler: ConstructorParameters<typeof LocalDurableTestRunner>[0]['handlerFunction'];
const environmentBefore = { ...process.env };

beforeAll(async () => {
  // Nothing listens there: a census starts no purge.
  apart = await startApart(config, 'http://127.0.0.1:9');
  const { endpoints, resources, studioUrl } = apart;
  Object.assign(process.env, endpointVariables(endpoints), {
    AWS_ACCESS_KEY_ID: 'key',
    AWS_SECRET_ACCESS_KEY: 'local',
    AWS_REGION: 'eu-central-1',
    STUDIO_SECRET_ID: resources.secretId,
    STUDIO_CONFIG: JSON.stringify(config),
    STUDIO_TABLE: resources.table,
    STUDIO_ARCHIVE_BUCKET: resources.archiveBucket,
    STUDIO_CLEANUP_FUNCTION: resources.cleanupFunction,
    STUDIO_BASE_URL: studioUrl,
  });
  ({ handler } = await import('../../functions/cleanup.ts'));
  await LocalDurableTestRunner.setupTestEnvironment({ skipTime: true });
});

afterAll(async () => {
  await apart.close();
  // What the fake clock still holds is lost when it is taken away: it comes last, when all is quiet.
  await new Promise((resolve) => setTimeout(resolve, QUIET_MS));
  await LocalDurableTestRunner.teardownTestEnvironment();
  for (const name of Object.keys(process.env)) if (!(name in environmentBefore)) delete process.env[name];
  Object.assign(process.env, environmentBefore);
});

test('counts what is active, in one durable operation a flow, and changes nothing', async () => {
  const daysAgo = (days: number) => new Date(Date.now() - days * DAY_MS).toISOString();
  const seed = { flowSid: WELCOME, dateCreatedFrom: daysAgo(9), dateCreatedTo: daysAgo(8) };
  await apart.ask({ seed: { ...seed, count: 1_500, activeShare: 0.5 } });
  const runner = new LocalDurableTestRunner({ handlerFunction: handler });
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
  const { counts } = await apart.ask({});
  expect(counts).toEqual({ active: 750, ended: 750, deleted: 0 });
});
