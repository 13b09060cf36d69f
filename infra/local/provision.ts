import type { TableDescription } from '@aws-sdk/client-dynamodb';
import { ConfigError } from '../../lib/config/configuration.ts';
import { readSecret } from '../../lib/config/secret.ts';
import { KEYS } from './aws/dynamodb.ts';
import { clientOptions, type Endpoints } from './endpoints.ts';
import type { Resources } from './host/function-specs.ts';

type Provisioned = {
  /** The id by which the functions find the secret. */
  secretId: string;
  /** Whether there was no secret before; an existing one has callers that are not known here. */
  secretMade: boolean;
  /** A line for each resource: found, made, or neither. */
  notices: string[];
};

type ProvisionOptions = {
  endpoints: Partial<Endpoints>;
  resources: Pick<Resources, 'secretId' | 'table' | 'archiveBucket'>;
  /** The value that a new secret gets. */
  secret: string;
  env: Record<string, string | undefined>;
};

/** A resource behind an endpoint cannot be used. Nothing was made anywhere. */
export class UnfitError extends Error {
  override readonly name = 'UnfitError';
  readonly lines: string[];

  constructor(lines: string[]) {
    super(lines.join('\n'));
    this.lines = lines;
  }
}

type Found = { is: 'fit' | 'missing' } | { is: 'unfit' | 'unknown'; why: string };

type Resource = {
  title: string;
  /** The variable that names it. */
  variable: string;
  /** Throws the service's error. */
  find(): Promise<Found>;
  make(): Promise<unknown>;
};

type Connection = ReturnType<typeof clientOptions>;

/**
 * Looks at the secret, the table and the bucket behind given AWS endpoints, and makes those that are missing,
 * because an emulator starts empty. Changes no existing resource, and makes none in AWS itself. Throws an
 * UnfitError.
 */
export async function provision(options: ProvisionOptions): Promise<Provisioned> {
  const { endpoints, resources, env } = options;
  const at = async <T extends Resource>(
    endpoint: string | undefined,
    open: (connection: Connection) => Promise<T>,
  ) => {
    if (endpoint === undefined || isAws(endpoint)) return undefined;
    const resource = await open(clientOptions(endpoint, env));
    return { endpoint, resource, found: await resource.find().catch(meaningOf) };
  };
  const [secret, table, bucket] = await Promise.all([
    at(endpoints.SECRETS_MANAGER, (connection) => openSecret(connection, resources.secretId, options.secret)),
    at(endpoints.DYNAMODB, (connection) => openTable(connection, resources.table)),
    at(endpoints.S3, (connection) => openBucket(connection, resources.archiveBucket)),
  ]);
  const looked = [secret, table, bucket].filter((one) => one !== undefined);
  const unfit = looked.flatMap(({ endpoint, resource: { title, variable }, found }) =>
    found.is === 'unfit'
      ? [`The ${title} at ${endpoint} ${found.why}.`, `It was left as it is. Name another in ${variable}.`]
      : [],
  );
  if (unfit.length > 0) throw new UnfitError(unfit);

  const notices = await Promise.all(looked.map(settle));
  return {
    secretId: secret?.resource.id() ?? resources.secretId,
    secretMade: secret?.found.is === 'missing',
    notices,
  };
}

async function settle(looked: { endpoint: string; resource: Resource; found: Found }): Promise<string> {
  const { endpoint, resource, found } = looked;
  const { title } = resource;
  if (found.is === 'fit') return `Found the ${title} at ${endpoint}; it stays as it is.`;
  if ('why' in found)
    return `The ${title} could not be looked for at ${endpoint}, and was not made: ${found.why}`;
  return resource.make().then(
    () => `Made the ${title} at ${endpoint}.`,
    (error: unknown) => `The ${title} could not be made at ${endpoint}: ${nameOf(error)}`,
  );
}

// Each SDK is loaded only when it is needed: together they take longer than the rest of the start.

async function openSecret(
  connection: Connection,
  secretId: string,
  SecretString: string,
): Promise<Resource & { id(): string }> {
  const sdk = await import('@aws-sdk/client-secrets-manager');
  const client = new sdk.SecretsManagerClient(connection);
  const name = /^arn:[^:]*:secretsmanager:[^:]*:[^:]*:secret:(.+?)(?:-\w{6})?$/.exec(secretId)?.[1];
  let id = secretId;

  const look = async (SecretId: string): Promise<Found> => {
    try {
      const value = await client.send(new sdk.GetSecretValueCommand({ SecretId }));
      readSecret(value.SecretString ?? new TextDecoder().decode(value.SecretBinary));
      return { is: 'fit' };
    } catch (error) {
      if (error instanceof ConfigError)
        return { is: 'unfit', why: `holds something else than this project's secret (${error.message})` };
      const found = meaningOf(error);
      if (found.is !== 'missing') return found;
    }
    // GetSecretValue gives the same error for a secret without a value as for a missing one.
    return client
      .send(new sdk.DescribeSecretCommand({ SecretId }))
      .then(() => ({ is: 'unfit', why: 'is there without a value' }), meaningOf);
  };

  return {
    title: `secret ${secretId}`,
    variable: 'STUDIO_SECRET_ID',
    id: () => id,
    async find() {
      const found = await look(secretId);
      if (found.is !== 'missing' || name === undefined) return found;
      // An ARN ends in six characters that the service chooses, so none can be made under a given ARN.
      id = name;
      return look(name);
    },
    make: () => client.send(new sdk.CreateSecretCommand({ Name: id, SecretString })),
  };
}

async function openTable(connection: Connection, TableName: string): Promise<Resource> {
  const sdk = await import('@aws-sdk/client-dynamodb');
  const client = new sdk.DynamoDBClient(connection);
  return {
    title: `table ${TableName}`,
    variable: 'STUDIO_TABLE',
    async find() {
      const { Table } = await client.send(new sdk.DescribeTableCommand({ TableName }));
      const [keys, wanted] = [keysIn(Table), keysIn(KEYS)];
      return keys === wanted ? { is: 'fit' } : { is: 'unfit', why: `has the keys ${keys}, not ${wanted}` };
    },
    async make() {
      await client.send(new sdk.CreateTableCommand({ TableName, ...KEYS }));
      await sdk.waitUntilTableExists({ client, maxWaitTime: 5, minDelay: 1 }, { TableName });
    },
  };
}

/** Describes a table's keys, as in `pk (HASH, S) and sk (RANGE, S)`. */
function keysIn(table: Pick<TableDescription, 'KeySchema' | 'AttributeDefinitions'> | undefined): string {
  const typeOf = (key: string | undefined) =>
    table?.AttributeDefinitions?.find(({ AttributeName }) => AttributeName === key)?.AttributeType;
  const keys = table?.KeySchema ?? [];
  return keys.map(({ AttributeName: key, KeyType }) => `${key} (${KeyType}, ${typeOf(key)})`).join(' and ');
}

async function openBucket(connection: Connection, Bucket: string): Promise<Resource> {
  const sdk = await import('@aws-sdk/client-s3');
  const client = new sdk.S3Client({ ...connection, forcePathStyle: true });
  return {
    title: `bucket ${Bucket}`,
    variable: 'STUDIO_ARCHIVE_BUCKET',
    async find() {
      await client.send(new sdk.HeadBucketCommand({ Bucket }));
      return { is: 'fit' };
    },
    make: () => client.send(new sdk.CreateBucketCommand({ Bucket })),
  };
}

const MISSING = ['ResourceNotFoundException', 'NotFound', 'NoSuchBucket'];
/**
 * Errors of a resource that may not be read; InvalidRequestException also means a secret that is being
 * deleted.
 */
const FORBIDDEN = [
  'AccessDenied',
  'AccessDeniedException',
  'DecryptionFailure',
  'InvalidRequestException',
  'UnrecognizedClientException',
];

/** What an error says about the resource that was looked for. */
function meaningOf(error: unknown): Found {
  const name = nameOf(error);
  const { $metadata } = Object(error);
  if (MISSING.includes(name)) return { is: 'missing' };
  if (FORBIDDEN.includes(name) || $metadata?.httpStatusCode === 403)
    return { is: 'unfit', why: `may not be read (${name})` };
  return { is: 'unknown', why: name };
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : String(error);
}

const AWS = /(?:^|\.)(?:amazonaws\.com(?:\.cn)?|amazonaws\.eu|api\.aws|api\.amazonwebservices\.com\.cn)$/;

function isAws(endpoint: string): boolean {
  return AWS.test(URL.parse(endpoint)?.hostname ?? '');
}
