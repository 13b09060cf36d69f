import { describe, expect, onTestFinished, test } from 'vitest';
import { startWorld, type World } from '../support/local/world.ts';

/** What callers are told while the secret, the table or the worker of a deployment cannot be reached. */

const NOWHERE = 'http://127.0.0.1:9';
const EXECUTION = `FN${'1'.repeat(32)}`;
const purge = { flows: ['welcome'], olderThan: 'P7D' };
const table = [
  ['GET', '/purges'],
  ['GET', '/purges/pu01m81gmar4pw3xx90x3ydct6y8'],
  ['GET', '/purges/pu01m81gmar4pw3xx90x3ydct6y8/failures'],
  ['POST', '/purges/pu01m81gmar4pw3xx90x3ydct6y8/stop'],
  ['POST', '/purges', purge],
] as const;
const others = [
  ['GET', '/flows'],
  ['GET', '/executions'],
  ['POST', '/flows/welcome/executions', { to: '+15550001111' }],
  ['POST', `/flows/welcome/executions/${EXECUTION}/end`],
  ['DELETE', `/flows/welcome/executions/${EXECUTION}`],
] as const;

async function without(service: 'SECRETS_MANAGER' | 'DYNAMODB' | 'LAMBDA'): Promise<World> {
  const world = await startWorld({ variables: { [`AWS_ENDPOINT_URL_${service}`]: NOWHERE } });
  onTestFinished(() => world.local.close());
  return world;
}

async function expectUnavailable(world: World, routes: readonly (readonly [string, string, unknown?])[]) {
  const answers = await Promise.all(
    routes.map(async ([method, path, body]) => {
      const { status, body: said, headers } = await world.call(method, path, { body });
      return [method, path, status, said.type, Number(headers.get('retry-after')) > 0];
    }),
  );
  expect(answers).toEqual(routes.map(([method, path]) => [method, path, 503, '/problems/unavailable', true]));
}

describe('503 unavailable, with Retry-After, is the answer', () => {
  test('of every route while the secret cannot be read at a cold start', async () => {
    await expectUnavailable(await without('SECRETS_MANAGER'), [...table, ...others]);
  });

  test('of every purge route without the table; the log names the error’s class', async () => {
    const world = await without('DYNAMODB');
    await expectUnavailable(world, table);
    const line = () => world.logs.find((one) => one.includes('"outcome":"unavailable"')) ?? '{}';
    await expect.poll(() => JSON.parse(line())).toMatchObject({ level: 'ERROR', status: 503 });
    expect(JSON.parse(line()).errors.length).toBeGreaterThan(0);
  });

  test('to an order of a purge without the worker', async () => {
    await expectUnavailable(await without('LAMBDA'), [['POST', '/purges', purge]]);
  });
}, 60_000);
