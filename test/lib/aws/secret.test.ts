import { expect, test } from 'vitest';
import {
  createSecretSource,
  REFUSED_KEY_COOL_DOWN_MS,
  SECRET_MAX_STALE_MS,
  SECRET_RETRY_COOL_DOWN_MS,
  SECRET_TTL_MS,
  type SecretReadFailure,
  UNKNOWN_CALLER_COOL_DOWN_MS,
} from '../../../lib/aws/secret.ts';

const START_MS = Date.UTC(2026, 0, 1);

function json(apiKeySecret: string): string {
  return JSON.stringify({
    accountSid: `AC${'a'.repeat(32)}`,
    apiKeySid: `SK${'a'.repeat(32)}`,
    apiKeySecret,
    callers: [],
  });
}

/** A source over a scripted Secrets Manager, with a clock to move. */
function prepare(...answers: (string | Error | Promise<string>)[]) {
  const clock = { ms: START_MS };
  const failures: SecretReadFailure[] = [];
  let reads = 0;
  const source = createSecretSource({
    now: () => clock.ms,
    onError: (failure) => failures.push(failure),
    load: async () => {
      const answer = answers[Math.min(reads++, answers.length - 1)];
      if (answer === undefined || answer instanceof Error) throw answer ?? new Error('no answer scripted');
      return answer;
    },
  });
  const apiKeySecret = async () => (await source.get()).apiKeySecret;
  return { source, clock, failures, apiKeySecret, reads: () => reads };
}

test('reads the secret once for all who ask at the same time, and keeps it for its time to live', async () => {
  const { source, clock, reads } = prepare(json('one'), json('two'));
  await Promise.all([source.get(), source.get(), source.credentials.get()]);
  expect(reads()).toBe(1);
  clock.ms += SECRET_TTL_MS - 1;
  expect((await source.get()).apiKeySecret).toBe('one');
  clock.ms += 1;
  expect((await source.get()).apiKeySecret).toBe('two');
  expect(reads()).toBe(2);
});

test('hands lib/studio the account and the API key', async () => {
  const { source } = prepare(json('one'));
  expect(await source.credentials.get()).toEqual({
    accountSid: `AC${'a'.repeat(32)}`,
    username: `SK${'a'.repeat(32)}`,
    password: 'one',
  });
});

test('a forced read brings the rotated secret at once, with one read for all who ask', async () => {
  const { source, reads } = prepare(json('one'), json('two'));
  await source.get();
  const rotated = await Promise.all([source.credentials.refresh(), source.credentials.refresh()]);
  expect(rotated.map(({ password }) => password)).toEqual(['two', 'two']);
  expect(reads()).toBe(2);
  expect((await source.get()).apiKeySecret).toBe('two');
});

test('two rotations right after each other both take effect at once', async () => {
  const { source } = prepare(json('one'), json('two'), json('three'));
  await source.get();
  expect((await source.refresh()).apiKeySecret).toBe('two');
  expect((await source.refresh()).apiKeySecret).toBe('three');
});

test('a key that stays wrong does not hammer', async () => {
  const { source, clock, reads } = prepare(json('wrong'), json('wrong'), json('mended'));
  await source.get();
  for (let at = 0; at < 10; at++) expect((await source.credentials.refresh()).password).toBe('wrong');
  expect(reads()).toBe(2);
  clock.ms += REFUSED_KEY_COOL_DOWN_MS;
  expect((await source.credentials.refresh()).password).toBe('mended');
});

test('callers whom nobody knows do not hammer, and do not keep a rotated key from being read', async () => {
  const { source, clock, reads } = prepare(json('one'), json('one'), json('two'));
  await source.get();
  for (let at = 0; at < 10; at++) await source.refresh();
  expect(reads()).toBe(2);
  expect((await source.credentials.refresh()).password).toBe('two');
  clock.ms += UNKNOWN_CALLER_COOL_DOWN_MS - 1;
  await source.refresh();
  expect(reads()).toBe(3);
  clock.ms += 1;
  await source.refresh();
  expect(reads()).toBe(4);
});

test('a forced read that fails goes on with the old secret, and does not hammer either', async () => {
  const { source, reads } = prepare(json('one'), new Error('down'));
  await source.get();
  for (let at = 0; at < 10; at++) expect((await source.refresh()).apiKeySecret).toBe('one');
  expect(reads()).toBe(2);
});

test('a failing Secrets Manager leaves the old secret in use, and is asked again after a cool-down', async () => {
  const { apiKeySecret, clock, failures, reads } = prepare(
    json('one'),
    new Error('down'),
    new Error('down'),
    json('two'),
  );
  expect(await apiKeySecret()).toBe('one');
  clock.ms += SECRET_TTL_MS;
  expect(await apiKeySecret()).toBe('one');
  expect(await apiKeySecret()).toBe('one');
  expect(reads()).toBe(2);
  clock.ms += SECRET_RETRY_COOL_DOWN_MS;
  expect(await apiKeySecret()).toBe('one');
  clock.ms += SECRET_RETRY_COOL_DOWN_MS;
  expect(await apiKeySecret()).toBe('two');
  expect(failures.map(({ kept, error }) => [kept, error.name])).toEqual([
    [true, 'SecretUnavailableError'],
    [true, 'SecretUnavailableError'],
  ]);
});

test('the old secret is not kept for ever', async () => {
  const { apiKeySecret, clock, failures } = prepare(json('one'), new Error('down'));
  await apiKeySecret();
  clock.ms += SECRET_MAX_STALE_MS - 1;
  expect(await apiKeySecret()).toBe('one');
  clock.ms += 1;
  await expect(apiKeySecret()).rejects.toThrow('The secret could not be read');
  expect(failures.at(-1)?.kept).toBe(false);
});

test('a secret that was edited into a broken one is reported, and the old one stays', async () => {
  const { apiKeySecret, clock, failures } = prepare(json('one'), '{}');
  await apiKeySecret();
  clock.ms += SECRET_TTL_MS;
  expect(await apiKeySecret()).toBe('one');
  expect(failures[0]?.error.name).toBe('ConfigError');
});

test('a secret without its fields names them all and no value, and the next request tries again', async () => {
  const broken = JSON.stringify({ accountSid: 'AC123', apiKeySecret: '', callers: [] });
  const { apiKeySecret, reads } = prepare(broken, json('mended'));
  const error = await apiKeySecret().catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({
    name: 'ConfigError',
    mistakes: [{ pointer: '#/accountSid' }, { pointer: '#/apiKeySid' }, { pointer: '#/apiKeySecret' }],
  });
  expect(String(error)).not.toContain('AC123');
  expect(await apiKeySecret()).toBe('mended');
  expect(reads()).toBe(2);
});

test('a read that failed before anything was there is not remembered', async () => {
  const { apiKeySecret } = prepare(new Error('down'), json('one'));
  await expect(apiKeySecret()).rejects.toMatchObject({
    name: 'SecretUnavailableError',
    cause: { message: 'down' },
  });
  expect(await apiKeySecret()).toBe('one');
});

test('every read tells once what of the secret is not used, and goes on', async () => {
  const told: string[] = [];
  const weak = { name: 'weak', token: 'short', scopes: [] };
  const right = { ...weak, name: 'right', token: 'long enough' };
  const source = createSecretSource({
    load: async () => JSON.stringify({ ...JSON.parse(json('x')), callers: [weak, right] }),
    now: () => 0,
    onUnused: (mistakes) => told.push(...mistakes.map(({ pointer }) => pointer)),
  });
  expect((await source.get()).callers.map(({ name }) => name)).toEqual(['right']);
  await source.get();
  expect(told).toEqual(['#/callers/0/token']);
  await source.refresh();
  expect(told).toHaveLength(2);
});
