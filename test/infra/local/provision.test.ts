import { CreateTableCommand, DescribeTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { afterEach, describe, expect, onTestFinished, test } from 'vitest';
import { startTable } from '../../../infra/local/aws/dynamodb.ts';
import { startS3 } from '../../../infra/local/aws/s3.ts';
import { startSecrets } from '../../../infra/local/aws/secrets-manager.ts';
import { localSecret, SIMULATED_ACCOUNT } from '../../../infra/local/caller-tokens.ts';
import { listen } from '../../../infra/local/http.ts';
import { provision, UnfitError } from '../../../infra/local/provision.ts';
import { clientOf } from '../../support/aws-client.ts';
import { startWorld } from '../../support/local/world.ts';

/** What `npm start` does to an emulator that another team uses as well. */

const ARN = 'arn:aws:secretsmanager:us-east-1:000000000000:secret:my/secret-a1b2c3';
const secret = localSecret(SIMULATED_ACCOUNT);
const resources = { secretId: 'my/secret', table: 'my-table', archiveBucket: 'my-bucket' };

const started: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of started.splice(0)) await one.close();
});
const keep = <T extends { close(): Promise<void> }>(one: T): T => {
  started.push(one);
  return one;
};

async function emulator(has: { secrets?: Record<string, string>; table?: string; buckets?: string[] } = {}) {
  const secrets = keep(await startSecrets({ secrets: has.secrets ?? {} }));
  const table = keep(await startTable(has.table ?? 'another'));
  const s3 = keep(await startS3({ buckets: has.buckets ?? [] }));
  const endpoints = { SECRETS_MANAGER: secrets.url, DYNAMODB: table.url, S3: s3.url };
  const run = (names: Partial<typeof resources> = {}) =>
    provision({ endpoints, resources: { ...resources, ...names }, secret, env: {} });
  return { secrets, endpoints, run };
}

/** Answers every operation of one service alike. */
async function answering(type: string, status = 400) {
  return keep(
    await listen({
      maxBodyBytes: 10_000,
      tooLarge: { status: 413 },
      answer: async () => ({ status, body: JSON.stringify({ __type: type }) }),
    }),
  );
}

async function refusal(running: Promise<unknown>): Promise<string[]> {
  const error = await running.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error instanceof UnfitError) return error.lines;
  throw new Error(`Not refused as unfit: ${error}`);
}

test('what is missing is made, and it says so', async () => {
  const { endpoints, run } = await emulator();
  expect(await run()).toEqual({
    secretId: 'my/secret',
    secretMade: true,
    notices: [
      `Made the secret my/secret at ${endpoints.SECRETS_MANAGER}.`,
      `Made the table my-table at ${endpoints.DYNAMODB}.`,
      `Made the bucket my-bucket at ${endpoints.S3}.`,
    ],
  });
});

test('what is there is only read, and it says so', async () => {
  const theirs = localSecret(SIMULATED_ACCOUNT, { callers: [] });
  const { endpoints, secrets, run } = await emulator({
    secrets: { 'my/secret': theirs },
    table: 'my-table',
    buckets: ['my-bucket'],
  });
  expect(await run()).toEqual({
    secretId: 'my/secret',
    secretMade: false,
    notices: [
      `Found the secret my/secret at ${endpoints.SECRETS_MANAGER}; it stays as it is.`,
      `Found the table my-table at ${endpoints.DYNAMODB}; it stays as it is.`,
      `Found the bucket my-bucket at ${endpoints.S3}; it stays as it is.`,
    ],
  });
  expect(secrets.requests).toEqual(['GetSecretValue']);
});

describe('a secret that is given by its ARN', () => {
  test('is found by it', async () => {
    const { run } = await emulator({ secrets: { 'my/secret': secret } });
    expect(await run({ secretId: ARN })).toMatchObject({ secretId: ARN, secretMade: false });
  });

  test('is found by the name in it, where an emulator chose another ending', async () => {
    const { run } = await emulator({ secrets: { 'my/secret': secret } });
    const other = ARN.replace('a1b2c3', 'XyZ789');
    expect(await run({ secretId: other })).toMatchObject({ secretId: 'my/secret', secretMade: false });
  });

  test('is made under the name in it, by which the functions read it', async () => {
    const { endpoints } = await emulator();
    const world = await startWorld({ endpoints, resources: { ...resources, secretId: ARN } });
    onTestFinished(() => world.local.close());
    expect(world.local.resources.secretId).toBe('my/secret');
    expect((await world.call('GET', '/flows')).status).toBe(200);
  });
});

describe('what does not fit ends the start, and nothing is made beside it', () => {
  const nothingMade = async ({ endpoints, secrets }: Awaited<ReturnType<typeof emulator>>) => {
    expect(secrets.requests).not.toContain('CreateSecret');
    expect((await fetch(`${endpoints.S3}/my-bucket`, { method: 'HEAD', headers: SIGNED })).status).toBe(404);
  };
  const SIGNED = { authorization: 'AWS4-HMAC-SHA256 Credential=local' };

  test.each([
    ['another application', '{"password":"hunter2"}'],
    ['no JSON', 'hunter2'],
    ['nothing', ''],
  ])('a secret that holds %s', async (_what, value) => {
    const there = await emulator({ secrets: { 'my/secret': value } });
    const lines = await refusal(there.run());
    expect(lines.join('\n')).toMatch(/^The secret my\/secret at http:\S+ holds something else/);
    expect(lines.join('\n')).toContain('It was left as it is. Name another in STUDIO_SECRET_ID.');
    expect(lines.join('\n')).not.toContain('hunter2');
    await nothingMade(there);
  });

  test.each([
    ['AccessDeniedException', 400],
    ['InvalidRequestException', 400],
    ['Forbidden', 403],
  ])('a secret that may not be read: %s', async (type, status) => {
    const there = await emulator();
    const { url } = await answering(type, status);
    const running = provision({
      endpoints: { ...there.endpoints, SECRETS_MANAGER: url },
      resources,
      secret,
      env: {},
    });
    expect((await refusal(running))[0]).toBe(`The secret my/secret at ${url} may not be read (${type}).`);
    await nothingMade(there);
  });

  test('a secret without a value', async () => {
    const { url } = keep(
      await listen({
        maxBodyBytes: 10_000,
        tooLarge: { status: 413 },
        answer: async ({ headers }) =>
          String(headers['x-amz-target']).endsWith('.DescribeSecret')
            ? { status: 200, body: '{"Name":"my/secret"}' }
            : { status: 400, body: '{"__type":"ResourceNotFoundException"}' },
      }),
    );
    const running = provision({ endpoints: { SECRETS_MANAGER: url }, resources, secret, env: {} });
    expect((await refusal(running))[0]).toBe(`The secret my/secret at ${url} is there without a value.`);
  });

  test('a secret without a value that may be a missing one, as far as is known', async () => {
    const { url } = keep(
      await listen({
        maxBodyBytes: 10_000,
        tooLarge: { status: 413 },
        answer: async ({ headers }) => {
          const isDescribe = String(headers['x-amz-target']).endsWith('.DescribeSecret');
          const type = isDescribe ? 'AccessDeniedException' : 'ResourceNotFoundException';
          return { status: 400, body: JSON.stringify({ __type: type }) };
        },
      }),
    );
    const running = provision({ endpoints: { SECRETS_MANAGER: url }, resources, secret, env: {} });
    const [line] = await refusal(running);
    expect(line).toBe(`The secret my/secret at ${url} may not be read (AccessDeniedException).`);
  });

  test('a table with other keys, which stays as it is', async () => {
    const there = await emulator();
    const client = new DynamoDBClient(clientOf(there.endpoints.DYNAMODB));
    onTestFinished(() => client.destroy());
    await client.send(
      new CreateTableCommand({
        TableName: 'my-table',
        AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'N' }],
        KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
        BillingMode: 'PAY_PER_REQUEST',
      }),
    );
    expect(await refusal(there.run())).toEqual([
      `The table my-table at ${there.endpoints.DYNAMODB} has the keys id (HASH, N), not pk (HASH, S) and sk (RANGE, S).`,
      'It was left as it is. Name another in STUDIO_TABLE.',
    ]);
    await nothingMade(there);
    const { Table } = await client.send(new DescribeTableCommand({ TableName: 'my-table' }));
    expect(Table?.KeySchema).toEqual([{ AttributeName: 'id', KeyType: 'HASH' }]);
  });

  test('a bucket of another account', async () => {
    const { url } = await answering('', 403);
    const running = provision({ endpoints: { S3: url }, resources, secret, env: {} });
    expect((await refusal(running))[0]).toMatch(`The bucket my-bucket at ${url} may not be read`);
  });
});

test.each([
  'https://secretsmanager.eu-west-1.amazonaws.com',
  'https://secretsmanager.eu-west-1.api.aws',
  'https://vpce-1.secretsmanager.eu-west-1.vpce.amazonaws.com',
  'https://secretsmanager.cn-north-1.amazonaws.com.cn',
  'https://secretsmanager.eusc-de-east-1.amazonaws.eu',
])('nothing is made in AWS itself: %s', async (url) => {
  const endpoints = { SECRETS_MANAGER: url };
  expect(await provision({ endpoints, resources, secret, env: {} })).toEqual({
    secretId: 'my/secret',
    secretMade: false,
    notices: [],
  });
});
