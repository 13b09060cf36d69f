import {
  CreateSecretCommand,
  DeleteSecretCommand,
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

test('gives the new value after a rotation, and only that', async () => {
  const { VersionId = '' } = await get();
  await client.send(new PutSecretValueCommand({ SecretId: 'studio', SecretString: 'second' }));
  expect((await get()).SecretString).toBe('second');
  const { VersionIdsToStages } = await client.send(new DescribeSecretCommand({ SecretId: 'studio' }));
  expect(Object.values(VersionIdsToStages ?? {})).toEqual([['AWSCURRENT']]);
  for (const older of [{ VersionStage: 'AWSPREVIOUS' }, { VersionId }])
    await expect(get(older)).rejects.toMatchObject({
      name: 'InvalidParameterException',
      message: expect.stringContaining('This stand-in does not support '),
    });
});

test('refuses an operation that nothing here calls', async () => {
  await expect(client.send(new DeleteSecretCommand({ SecretId: 'studio' }))).rejects.toMatchObject({
    name: 'UnknownOperationException',
    message: 'This stand-in does not support secretsmanager.DeleteSecret.',
  });
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
