import {
  CreateSecretCommand,
  DescribeSecretCommand,
  GetSecretValueCommand,
  PutSecretValueCommand,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type SecretsStandIn, startSecrets } from '../../../../infra/local/aws/secrets-manager.ts';
import { clientOf } from '../../../support/aws-client.ts';

let secrets: SecretsStandIn;
let client: SecretsManagerClient;

beforeEach(async () => {
  secrets = await startSecrets({ secrets: { studio: 'first' } });
  client = new SecretsManagerClient(clientOf(secrets.url));
});
afterEach(async () => {
  client.destroy();
  await secrets.close();
});

const get = (input: { VersionStage?: string; VersionId?: string } = {}) =>
  client.send(new GetSecretValueCommand({ SecretId: 'studio', ...input }));

test('gives the value by name and by ARN', async () => {
  const { ARN, SecretString, VersionStages, CreatedDate } = await get();
  expect(SecretString).toBe('first');
  expect(VersionStages).toEqual(['AWSCURRENT']);
  expect(CreatedDate).toBeInstanceOf(Date);
  expect((await client.send(new GetSecretValueCommand({ SecretId: ARN }))).SecretString).toBe('first');
});

test('keeps the previous value by its stage after a rotation', async () => {
  await client.send(new PutSecretValueCommand({ SecretId: 'studio', SecretString: 'second' }));
  expect((await get()).SecretString).toBe('second');
  expect((await get({ VersionStage: 'AWSPREVIOUS' })).SecretString).toBe('first');
  const { VersionIdsToStages } = await client.send(new DescribeSecretCommand({ SecretId: 'studio' }));
  expect(Object.values(VersionIdsToStages ?? {})).toEqual([['AWSCURRENT'], ['AWSPREVIOUS']]);
});

test('can be rotated from outside, as an operator does', async () => {
  secrets.put('studio', 'rotated');
  expect((await get()).SecretString).toBe('rotated');
  expect(secrets.requests).toEqual(['GetSecretValue']);
});

test('makes a new secret once', async () => {
  await client.send(new CreateSecretCommand({ Name: 'other', SecretString: 'x' }));
  await expect(
    client.send(new CreateSecretCommand({ Name: 'other', SecretString: 'x' })),
  ).rejects.toMatchObject({
    name: 'ResourceExistsException',
  });
});

test('does not know another name', async () => {
  await expect(client.send(new GetSecretValueCommand({ SecretId: 'nobody' }))).rejects.toMatchObject({
    name: 'ResourceNotFoundException',
    $metadata: { httpStatusCode: 400 },
  });
});

test('refuses a request without a signature', async () => {
  const response = await fetch(secrets.url, {
    method: 'POST',
    headers: { 'x-amz-target': 'secretsmanager.GetSecretValue' },
    body: '{"SecretId":"studio"}',
  });
  expect(response.status).toBe(403);
});
