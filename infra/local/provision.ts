import type { TableDescription } from '@aws-sdk/client-dynamodb';
import { ConfigError } from '../../lib/config/configuration.ts';
import { readSecret } from '../../lib/config/secret.ts';
import { KEYS } from './aws/dynamodb.ts';
import type { Endpoints, Service } from './endpoints.ts';
import type { Resources } from './host/function-specs.ts';

/**
 * Looks at the secret, the table and the bucket behind given AWS endpoints, and makes those that are missing:
 * an emulator starts empty. Changes no existing resource, and makes none in AWS itself.
 */
export type Provisioned = {
  /** The id by which the functions find the secret. */
  secretId: string;
  /** Whether the secret is the local run's own; another one has callers that are not known here. */
  secretMade: boolean;
  /** What was found and what was made, a line each. */
  notices: string[];
};

export type ProvisionOptions = {
  endpoints: Partial<Endpoints>;
  resources: Pick<Resources, 'secretId' | 'table' | 'archiveBucket'>;
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

/** `unfit` and `unknown` say why. */
type Found = { is: 'fit' | 'missing' } | { is: 'unfit' | 'unknown'; why: string };

type Thing = {
  service: Service;
  called: string;
  variable: string;
  /** Throws the service's error. */
  look(): Promise<Found>;
  make(): Promise<void>;
};

const PATIENCE_MS = 5_000;

export async function provision(options: ProvisionOptions): Promise<Provisioned> {
  const secret = secretOf(options);
  const things = [secret, tableOf(options), bucketOf(options)].flatMap((thing) => {
    const endpoint = options.endpoints[thing.service];
    return endpoint === undefined || isAws(endpoint) ? [] : [{ ...thing, endpoint }];
  });
  const looked = await Promise.all(
    things.map(async (thing) => ({ ...thing, found: await thing.look().catch(meaningOf) })),
  );
  const unfit = looked.flatMap(({ called, endpoint, variable, found }) =>
    found.is === 'unfit'
      ? [`The ${called} at ${endpoint} ${found.why}.`, `It was left as it is. Name another in ${variable}.`]
      : [],
  );
  if (unfit.length > 0) throw new UnfitError(unfit);

  let secretMade = false;
  const settle = async ({ service, called, endpoint, found, make }: (typeof looked)[number]) => {
    if (found.is === 'fit') return `Found the ${called} at ${endpoint}; it stays as it is.`;
    if ('why' in found)
      return `The ${called} could not be looked for at ${endpoint}, and was not made: ${found.why}`;
    try {
      await make();
    } catch (error) {
      return `The ${called} could not be made at ${endpoint}: ${nameOf(error)}`;
    }
    secretMade ||= service === 'SECRETS_MANAGER';
    return `Made the ${called} at ${endpoint}.`;
  };
  const notices = await Promise.all(looked.map(settle));
  return { secretId: secret.id(), secretMade, notices };
}

// Each client is loaded only where it is wanted: together they take longer than the whole start.

function secretOf(options: ProvisionOptions): Thing & { id(): string } {
  const { secretId } = options.resources;
  const name = /^arn:[^:]*:secretsmanager:[^:]*:[^:]*:secret:(.+?)(?:-\w{6})?$/.exec(secretId)?.[1];
  let id = secretId;
  const open = async () => {
    const sdk = await import('@aws-sdk/client-secrets-manager');
    return { ...sdk, client: new sdk.SecretsManagerClient(clientOptions(options, 'SECRETS_MANAGER')) };
  };
  const lookAt = async (SecretId: string): Promise<Found> => {
    const { client, DescribeSecretCommand, GetSecretValueCommand } = await open();
    try {
      const value = await client.send(new GetSecretValueCommand({ SecretId }), patience());
      readSecret(value.SecretString ?? new TextDecoder().decode(value.SecretBinary));
      return { is: 'fit' };
    } catch (error) {
      if (error instanceof ConfigError)
        return { is: 'unfit', why: `holds something else than this project's secret (${error.message})` };
      const found = meaningOf(error);
      if (found.is !== 'missing') return found;
    }
    // GetSecretValue gives the same error for a secret without a value as for a missing one.
    const described = client.send(new DescribeSecretCommand({ SecretId }), patience());
    return described.then(
      () => ({ is: 'unfit', why: 'is there without a value' }),
      () => ({ is: 'missing' }),
    );
  };
  return {
    service: 'SECRETS_MANAGER',
    called: `secret ${secretId}`,
    variable: 'STUDIO_SECRET_ID',
    id: () => id,
    async look() {
      const found = await lookAt(secretId);
      if (found.is !== 'missing' || name === undefined) return found;
      // An ARN ends in six characters that the service chooses, so none can be made under a given ARN.
      id = name;
      return lookAt(name);
    },
    async make() {
      const { client, CreateSecretCommand } = await open();
      await client.send(new CreateSecretCommand({ Name: id, SecretString: options.secret }), patience());
    },
  };
}

function tableOf(options: ProvisionOptions): Thing {
  const TableName = options.resources.table;
  const open = async () => {
    const sdk = await import('@aws-sdk/client-dynamodb');
    return { ...sdk, client: new sdk.DynamoDBClient(clientOptions(options, 'DYNAMODB')) };
  };
  return {
    service: 'DYNAMODB',
    called: `table ${TableName}`,
    variable: 'STUDIO_TABLE',
    async look() {
      const { client, DescribeTableCommand } = await open();
      const { Table } = await client.send(new DescribeTableCommand({ TableName }), patience());
      const [keys, wanted] = [keysIn(Table), keysIn(KEYS)];
      return keys === wanted ? { is: 'fit' } : { is: 'unfit', why: `has the keys ${keys}, not ${wanted}` };
    },
    async make() {
      const { client, CreateTableCommand, waitUntilTableExists } = await open();
      await client.send(new CreateTableCommand({ TableName, ...KEYS }), patience());
      await waitUntilTableExists({ client, maxWaitTime: PATIENCE_MS / 1_000, minDelay: 1 }, { TableName });
    },
  };
}

/** `pk (HASH, S) and sk (RANGE, S)`. */
function keysIn(table: Pick<TableDescription, 'KeySchema' | 'AttributeDefinitions'> | undefined): string {
  const typeOf = (key: string | undefined) =>
    table?.AttributeDefinitions?.find(({ AttributeName }) => AttributeName === key)?.AttributeType;
  const keys = table?.KeySchema ?? [];
  return keys.map(({ AttributeName: key, KeyType }) => `${key} (${KeyType}, ${typeOf(key)})`).join(' and ');
}

function bucketOf(options: ProvisionOptions): Thing {
  const Bucket = options.resources.archiveBucket;
  const open = async () => {
    const sdk = await import('@aws-sdk/client-s3');
    const client = new sdk.S3Client({ ...clientOptions(options, 'S3'), forcePathStyle: true });
    return { ...sdk, client };
  };
  return {
    service: 'S3',
    called: `bucket ${Bucket}`,
    variable: 'STUDIO_ARCHIVE_BUCKET',
    async look() {
      const { client, HeadBucketCommand } = await open();
      await client.send(new HeadBucketCommand({ Bucket }), patience());
      return { is: 'fit' };
    },
    async make() {
      const { client, CreateBucketCommand } = await open();
      await client.send(new CreateBucketCommand({ Bucket }), patience());
    },
  };
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

const NOT_THERE = new Set(['ResourceNotFoundException', 'NotFound', 'NoSuchBucket']);
/** Errors of a resource that may not be read; one of them also of a secret that is being deleted. */
const NOT_OURS = new Set([
  'AccessDenied',
  'AccessDeniedException',
  'DecryptionFailure',
  'InvalidRequestException',
  'UnrecognizedClientException',
]);
const FORBIDDEN = 403;

/** What an error says about the resource that was looked for. */
function meaningOf(error: unknown): Found {
  const name = nameOf(error);
  if (NOT_THERE.has(name)) return { is: 'missing' };
  if (NOT_OURS.has(name) || statusOf(error) === FORBIDDEN)
    return { is: 'unfit', why: `may not be read (${name})` };
  return { is: 'unknown', why: name };
}

function statusOf(error: unknown): unknown {
  const { $metadata } = Object(error);
  return $metadata?.httpStatusCode;
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : String(error);
}

const AWS = /(?:^|\.)(?:amazonaws\.com(?:\.cn)?|amazonaws\.eu|api\.aws|api\.amazonwebservices\.com\.cn)$/;

function isAws(endpoint: string): boolean {
  return AWS.test(URL.parse(endpoint)?.hostname ?? '');
}
