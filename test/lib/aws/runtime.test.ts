import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { afterEach, expect, test, vi } from 'vitest';
import { coldStart } from '../../../lib/aws/runtime.ts';
import { ConfigError } from '../../../lib/config/configuration.ts';
import { onLoopback } from '../../support/loopback.ts';

const ACCOUNT = `AC${'a'.repeat(32)}`;
const FLOW = `FW${'a'.repeat(32)}`;
const secret = { accountSid: ACCOUNT, apiKeySid: `SK${'a'.repeat(32)}`, apiKeySecret: 'local', callers: [] };

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  await Promise.all(closers.splice(0).map((close) => close()));
  delete process.env['AWS_ENDPOINT_URL_SECRETS_MANAGER'];
  vi.unstubAllEnvs();
});

async function startServer(answer: (request: IncomingMessage, response: ServerResponse) => void) {
  const server = createServer(answer);
  closers.push(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return (await onLoopback(server)).url;
}

function environment(studioBaseUrl: string) {
  return {
    AWS_REGION: 'eu-central-1',
    AWS_ACCESS_KEY_ID: 'key',
    AWS_SECRET_ACCESS_KEY: 'local',
    AWS_SESSION_TOKEN: 'session',
    STUDIO_SECRET_ID: 'studio',
    STUDIO_BASE_URL: studioBaseUrl,
    STUDIO_CONFIG: JSON.stringify({ flows: [{ alias: 'welcome', sid: FLOW }] }),
  };
}

/** A Secrets Manager that hands out `secrets`, one a request, and remembers what it was asked. */
async function startSecretsManager(...secrets: object[]) {
  const asked: IncomingMessage[] = [];
  process.env['AWS_ENDPOINT_URL_SECRETS_MANAGER'] = await startServer((request, response) => {
    const value = secrets[Math.min(asked.push(request), secrets.length) - 1];
    response.setHeader('content-type', 'application/x-amz-json-1.1');
    response.end(JSON.stringify({ Name: 'studio', SecretString: JSON.stringify(value) }));
  });
  return asked;
}

test('asks for the secret while the module loads, before anybody needs it', async () => {
  const asked = await startSecretsManager(secret);
  const runtime = coldStart(environment('http://127.0.0.1:1'));
  closers.push(() => runtime.studio.close());
  await expect.poll(() => asked.length).toBe(1);
  expect((await runtime.secret.get()).accountSid).toBe(ACCOUNT);
  expect(asked).toHaveLength(1);
  expect(asked[0]?.headers['x-amz-security-token']).toBe('session');
  expect(asked[0]?.headers.authorization).toMatch(/Credential=key\/\d{8}\/eu-central-1\/secretsmanager/);
});

test('in a function’s process asks before the rest is loaded, and takes that read over', async () => {
  const asked = await startSecretsManager(secret, { ...secret, apiKeySecret: 'read again' });
  const wanted = environment('http://127.0.0.1:1');
  for (const [name, value] of Object.entries(wanted)) vi.stubEnv(name, value);
  vi.resetModules();
  const fresh = await import('../../../lib/aws/runtime.ts');
  await expect.poll(() => asked.length).toBe(1);
  const runtime = fresh.coldStart(process.env);
  closers.push(() => runtime.studio.close());
  expect((await runtime.secret.get()).apiKeySecret).toBe('local');
  expect(asked).toHaveLength(1);
  expect((await runtime.secret.refresh()).apiKeySecret).toBe('read again');
});

test('whose early read failed reads again', async () => {
  let calls = 0;
  process.env['AWS_ENDPOINT_URL_SECRETS_MANAGER'] = await startServer((_, response) => {
    response.setHeader('content-type', 'application/x-amz-json-1.1');
    if (++calls === 1) response.statusCode = 400;
    response.end(
      JSON.stringify(
        calls === 1 ? { __type: 'AccessDeniedException' } : { SecretString: JSON.stringify(secret) },
      ),
    );
  });
  for (const [name, value] of Object.entries(environment('http://127.0.0.1:1'))) vi.stubEnv(name, value);
  vi.resetModules();
  const fresh = await import('../../../lib/aws/runtime.ts');
  const runtime = fresh.coldStart(process.env);
  closers.push(() => runtime.studio.close());
  const first = await runtime.secret.get().catch((error: unknown) => error);
  expect(first).toMatchObject({ name: 'SecretUnavailableError' });
  expect((await runtime.secret.get()).accountSid).toBe(ACCOUNT);
});

test('a rotated key loses no request: a 401 reads the secret again and repeats the call', async () => {
  const asked = await startSecretsManager(secret, { ...secret, apiKeySecret: 'rotated' });
  const wanted = `Basic ${Buffer.from(`${secret.apiKeySid}:rotated`).toString('base64')}`;
  const seen: boolean[] = [];
  const studioUrl = await startServer((request, response) => {
    const allowed = request.headers.authorization === wanted;
    seen.push(allowed);
    response.statusCode = allowed ? 200 : 401;
    response.setHeader('content-type', 'application/json');
    response.end(
      JSON.stringify(allowed ? { sid: FLOW } : { code: 20003, message: 'Authenticate', status: 401 }),
    );
  });
  const clock = { ms: Date.UTC(2026, 0, 1) };
  const runtime = coldStart(environment(studioUrl), [], { now: () => clock.ms });
  closers.push(() => runtime.studio.close());
  await runtime.secret.get();
  clock.ms += 60_000;
  expect((await runtime.studio.flows.fetch(FLOW)).sid).toBe(FLOW);
  expect(seen).toEqual([false, true]);
  expect(asked).toHaveLength(2);
});

test('names the mistakes of the environment and of the configuration at once', () => {
  const env = { STUDIO_CONFIG: JSON.stringify({ flows: [{ alias: '1', sid: 'FW1' }] }) };
  const pointers = () => {
    try {
      coldStart(env, ['table']);
    } catch (error) {
      if (error instanceof ConfigError) return error.mistakes.map(({ pointer }) => pointer);
      throw error;
    }
    return [];
  };
  expect(pointers()).toEqual([
    '#/AWS_REGION',
    '#/STUDIO_SECRET_ID',
    '#/STUDIO_TABLE',
    '#/STUDIO_CONFIG/flows/0/alias',
    '#/STUDIO_CONFIG/flows/0/sid',
  ]);
});
