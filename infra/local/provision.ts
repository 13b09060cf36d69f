import { KEYS } from './aws/table.ts';
import type { Resources } from './bundles.ts';
import type { Endpoints, Service } from './endpoints.ts';

/**
 * Makes what is missing behind AWS endpoints that were given: an emulator starts empty. Nothing that is there
 * is changed, nothing is ever made in AWS itself, and what an emulator refuses is told and left at that: it
 * may well be there under rules of its own.
 */
export type Provisioned = {
  /** Whether the secret is the local run's own; another one has callers that are not known here. */
  secretMade: boolean;
  notices: string[];
};

export type ProvisionOptions = {
  endpoints: Partial<Endpoints>;
  resources: Pick<Resources, 'secretId' | 'table' | 'archiveBucket'>;
  secret: string;
  env: Record<string, string | undefined>;
};

const PATIENCE_MS = 5_000;

export async function provision(options: ProvisionOptions): Promise<Provisioned> {
  const { endpoints, resources } = options;
  const notices: string[] = [];
  const make = async (service: Service, what: string, work: () => Promise<unknown>): Promise<boolean> => {
    const endpoint = endpoints[service];
    if (endpoint === undefined || isAws(endpoint)) return false;
    try {
      await work();
      return true;
    } catch (error) {
      const name = error instanceof Error ? error.name : String(error);
      if (!THERE_ALREADY.has(name)) notices.push(`${what} could not be made at ${endpoint}: ${name}`);
      return false;
    }
  };
  const [secretMade] = await Promise.all([
    make('SECRETS_MANAGER', `The secret ${resources.secretId}`, () => makeSecret(options)),
    make('DYNAMODB', `The table ${resources.table}`, () => makeTable(options)),
    make('S3', `The bucket ${resources.archiveBucket}`, () => makeBucket(options)),
  ]);
  return { secretMade, notices };
}

// Each client is loaded only where it is wanted: together they take longer than the whole start.

async function makeSecret(options: ProvisionOptions): Promise<void> {
  const { CreateSecretCommand, SecretsManagerClient } = await import('@aws-sdk/client-secrets-manager');
  const client = new SecretsManagerClient(clientOptions(options, 'SECRETS_MANAGER'));
  const { resources, secret } = options;
  await client.send(new CreateSecretCommand({ Name: resources.secretId, SecretString: secret }), patience());
}

async function makeTable(options: ProvisionOptions): Promise<void> {
  const { CreateTableCommand, DynamoDBClient, waitUntilTableExists } = await import(
    '@aws-sdk/client-dynamodb'
  );
  const client = new DynamoDBClient(clientOptions(options, 'DYNAMODB'));
  const TableName = options.resources.table;
  await client.send(new CreateTableCommand({ TableName, ...KEYS }), patience());
  await waitUntilTableExists({ client, maxWaitTime: PATIENCE_MS / 1_000, minDelay: 1 }, { TableName });
}

async function makeBucket(options: ProvisionOptions): Promise<void> {
  const { CreateBucketCommand, S3Client } = await import('@aws-sdk/client-s3');
  const client = new S3Client({ ...clientOptions(options, 'S3'), forcePathStyle: true });
  await client.send(new CreateBucketCommand({ Bucket: options.resources.archiveBucket }), patience());
}

function clientOptions({ endpoints, env }: ProvisionOptions, service: Service) {
  return {
    endpoint: endpoints[service] ?? '',
    region: env['AWS_REGION'] ?? 'us-east-1',
    maxAttempts: 1,
    credentials: {
      accessKeyId: env['AWS_ACCESS_KEY_ID'] ?? 'local',
      secretAccessKey: env['AWS_SECRET_ACCESS_KEY'] ?? 'local',
      ...(env['AWS_SESSION_TOKEN'] && { sessionToken: env['AWS_SESSION_TOKEN'] }),
    },
  };
}

function patience() {
  return { abortSignal: AbortSignal.timeout(PATIENCE_MS) };
}

const THERE_ALREADY = new Set([
  'ResourceExistsException',
  'ResourceInUseException',
  'BucketAlreadyOwnedByYou',
  'BucketAlreadyExists',
]);

function isAws(endpoint: string): boolean {
  return /(?:^|\.)amazonaws\.com(?:\.cn)?$/.test(URL.parse(endpoint)?.hostname ?? '');
}
