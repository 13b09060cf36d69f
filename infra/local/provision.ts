import type { Resources } from './bundles.ts';
import type { Endpoints, Service } from './endpoints.ts';

/**
 * Makes what is missing behind AWS endpoints that were given: an emulator starts empty. Nothing that is there
 * is changed, and nothing is ever made in AWS itself.
 */
export async function provision(options: {
  endpoints: Partial<Endpoints>;
  resources: Pick<Resources, 'secretId' | 'table' | 'archiveBucket'>;
  secret: string;
  env: Record<string, string | undefined>;
}): Promise<void> {
  const { endpoints, resources, secret, env } = options;
  const clientOptions = (service: Service) => ({
    endpoint: endpoints[service] ?? '',
    region: env['AWS_REGION'] ?? 'us-east-1',
    credentials: {
      accessKeyId: env['AWS_ACCESS_KEY_ID'] ?? 'local',
      secretAccessKey: env['AWS_SECRET_ACCESS_KEY'] ?? 'local',
      ...(env['AWS_SESSION_TOKEN'] && { sessionToken: env['AWS_SESSION_TOKEN'] }),
    },
  });
  // The clients take a while to load: only those that are wanted.
  if (isEmulator(endpoints.SECRETS_MANAGER)) {
    const { CreateSecretCommand, SecretsManagerClient } = await import('@aws-sdk/client-secrets-manager');
    const client = new SecretsManagerClient(clientOptions('SECRETS_MANAGER'));
    await unlessThere(
      client.send(new CreateSecretCommand({ Name: resources.secretId, SecretString: secret })),
    );
  }
  if (isEmulator(endpoints.DYNAMODB)) {
    const { CreateTableCommand, DynamoDBClient, waitUntilTableExists } = await import(
      '@aws-sdk/client-dynamodb'
    );
    const client = new DynamoDBClient(clientOptions('DYNAMODB'));
    await unlessThere(
      client.send(
        new CreateTableCommand({
          TableName: resources.table,
          AttributeDefinitions: [
            { AttributeName: 'pk', AttributeType: 'S' },
            { AttributeName: 'sk', AttributeType: 'S' },
          ],
          KeySchema: [
            { AttributeName: 'pk', KeyType: 'HASH' },
            { AttributeName: 'sk', KeyType: 'RANGE' },
          ],
          BillingMode: 'PAY_PER_REQUEST',
        }),
      ),
    );
    await waitUntilTableExists({ client, maxWaitTime: 30, minDelay: 1 }, { TableName: resources.table });
  }
  if (isEmulator(endpoints.S3)) {
    const { CreateBucketCommand, S3Client } = await import('@aws-sdk/client-s3');
    const client = new S3Client({ ...clientOptions('S3'), forcePathStyle: true });
    await unlessThere(client.send(new CreateBucketCommand({ Bucket: resources.archiveBucket })));
  }
}

const THERE_ALREADY = new Set([
  'ResourceExistsException',
  'ResourceInUseException',
  'BucketAlreadyOwnedByYou',
  'BucketAlreadyExists',
]);

async function unlessThere(made: Promise<unknown>): Promise<void> {
  try {
    await made;
  } catch (error) {
    if (!(error instanceof Error) || !THERE_ALREADY.has(error.name)) throw error;
  }
}

function isEmulator(endpoint: string | undefined): boolean {
  const host = endpoint && URL.parse(endpoint)?.hostname;
  return Boolean(host) && !/(?:^|\.)amazonaws\.com(?:\.cn)?$/.test(host ?? '');
}
