import { afterEach, describe, expect, test } from 'vitest';
import { startTable } from '../../../infra/local/aws/dynamodb.ts';
import { startS3 } from '../../../infra/local/aws/s3.ts';
import { startSecrets } from '../../../infra/local/aws/secrets-manager.ts';
import { localSecret, SIMULATED_ACCOUNT } from '../../../infra/local/caller-tokens.ts';
import { type Listening, listen } from '../../../infra/local/http.ts';
import { startLocal } from '../../../infra/local/local.ts';
import { startSimulatedStudio } from '../../../infra/simulator/server.ts';
import { checkConfig } from '../../../lib/config/configuration.ts';
import {
  callerOf,
  configInput,
  DAY_MS,
  finished,
  startWorld,
  until,
  WELCOME,
} from '../../support/local/world.ts';

/** The same bundles against AWS endpoints that are there already: another emulator's, here our own stand-ins'. */

const started: { close(): Promise<void> }[] = [];
const keep = <T extends { close(): Promise<void> }>(one: T): T => {
  started.push(one);
  return one;
};
afterEach(async () => {
  for (const one of started.splice(0).reverse()) await one.close();
});

const resources = { secretId: 'my/secret', table: 'my-table', archiveBucket: 'my-bucket' };

async function emulator(): Promise<{ SECRETS_MANAGER: string; DYNAMODB: string; S3: string }> {
  const servers: Listening[] = [
    keep(await startSecrets({ secrets: {} })),
    keep(await startTable('another')),
    keep(await startS3({ buckets: [] })),
  ];
  const [SECRETS_MANAGER = '', DYNAMODB = '', S3 = ''] = servers.map(({ url }) => url);
  return { SECRETS_MANAGER, DYNAMODB, S3 };
}

describe('an emulator that starts empty', () => {
  test('is given secret, table and bucket, and every job works with them', async () => {
    const endpoints = await emulator();
    const { local, studio, call } = await startWorld({ endpoints, resources });
    keep(local);
    expect([local.secrets, local.s3]).toEqual([null, null]);
    const old = new Date(Date.now() - 10 * DAY_MS).toISOString();
    studio.store.seed({ flowSid: WELCOME, count: 5, dateCreatedFrom: old, dateCreatedTo: old });

    const triggered = await call('POST', '/flows/welcome/executions', {
      body: { to: '+15005550001' },
      headers: { 'idempotency-key': '1' },
    });
    expect(triggered.status).toBe(201);
    const purge = await call('POST', '/purges', {
      body: { flows: 'all', olderThan: 'P7D', archive: true, dryRun: false },
    });
    expect(await finished(call, purge.body.id)).toMatchObject({
      status: 'succeeded',
      counts: { archived: 5, deleted: 5 },
    });
  });

  test('keeps what it was given when the run starts again', async () => {
    const endpoints = await emulator();
    const first = await startWorld({ endpoints, resources });
    await first.local.close();
    const again = await startWorld({ endpoints, resources, secret: { callers: [] } });
    keep(again.local);
    expect([first.local.ownSecret, again.local.ownSecret]).toEqual([true, false]);
    // The secret of the first start is still there, callers included.
    expect((await again.call('GET', '/flows')).status).toBe(200);
  });
});

test('what an emulator cannot tell is told, and the run starts all the same', async () => {
  const refusing = keep(
    await listen({
      maxBodyBytes: 10_000,
      tooLarge: { status: 413 },
      answer: async () => ({ status: 400, body: '{"__type":"UnknownOperationException"}' }),
    }),
  );
  const notices: string[] = [];
  const { local } = await startWorld({
    endpoints: { SECRETS_MANAGER: refusing.url },
    onNotice: (notice) => notices.push(notice),
  });
  keep(local);
  expect(notices).toEqual([
    `The secret studio-executions could not be looked for at ${refusing.url}, and was not made: UnknownOperationException`,
  ]);
});

describe('Studio', () => {
  test('may be another server, below a path of its own and with other credentials', async () => {
    const theirs = keep(
      await startSimulatedStudio({
        prefix: '/twilio',
        accountSid: `AC${'b'.repeat(32)}`,
        username: `SK${'b'.repeat(32)}`,
        password: 'theirs',
        flows: [{ sid: WELCOME }],
      }),
    );
    const local = keep(
      await startLocal({
        config: checkConfig(configInput),
        studio: {
          baseUrl: theirs.url,
          account: {
            accountSid: `AC${'b'.repeat(32)}`,
            apiKeySid: `SK${'b'.repeat(32)}`,
            apiKeySecret: 'theirs',
          },
        },
      }),
    );
    expect(local.studio).toBeNull();
    expect(theirs.url).toMatch(/\/twilio$/);
    const { status } = await callerOf(local.url)('POST', '/flows/welcome/executions', {
      body: { to: '+15005550001' },
      headers: { 'idempotency-key': '1' },
    });
    expect(status).toBe(201);
    expect(theirs.store.count().active).toBe(1);
  });

  test('may change its credentials while the functions are warm: the rotated secret is read again', async () => {
    const { local, studio, call } = await startWorld();
    keep(local);
    expect((await call('GET', '/flows/welcome/executions')).status).toBe(200);
    const username = `SK${'c'.repeat(32)}`;
    studio.behave({ credentials: [{ username, password: 'rotated' }] });
    local.secrets?.put(
      local.resources.secretId,
      localSecret({ ...SIMULATED_ACCOUNT, apiKeySid: username, apiKeySecret: 'rotated' }),
    );
    expect((await call('GET', '/flows/welcome/executions')).status).toBe(200);
    expect(local.functions.started('query')).toBe(1);
  });
});

test('a given Lambda is where purges are started', async () => {
  const theirs = await startWorld();
  keep(theirs.local);
  const ours = await startWorld({ endpoints: theirs.local.endpoints });
  keep(ours.local);
  expect(ours.local.lambda).toBeNull();
  const { status } = await ours.call('POST', '/purges', { body: { flows: 'all', olderThan: 'P1D' } });
  expect(status).toBe(202);
  await until(
    async () => theirs.local.lambda?.executions.list('cleanup').map((execution) => execution.status) ?? [],
    (statuses) => statuses.length === 1 && statuses[0] === 'SUCCEEDED',
  );
});
