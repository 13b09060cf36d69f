import { randomUUID } from 'node:crypto';
import { type Clock, realClock } from '../clock.ts';
import type { Listening } from '../http.ts';
import {
  ACCOUNT_ID,
  AwsError,
  jsonObject,
  jsonReply,
  REGION,
  startStandIn,
  unsupported,
} from './protocol.ts';

const MAX_SECRET_BYTES = 65_536;
const TARGET = 'secretsmanager.';
const CURRENT = ['AWSCURRENT'];

type StoredSecret = { name: string; arn: string; version: string; value: string; createdMs: number };
type Input = Record<string, unknown>;

export type SecretsStandIn = Listening & {
  /** Sets a secret's value, as a rotation does. */
  put(name: string, value: string): void;
  /** The operations that were called, in order, such as `GetSecretValue`. */
  readonly requests: string[];
};

/**
 * Starts a stand-in for Secrets Manager: GetSecretValue and PutSecretValue, and for the start on an emulator
 * CreateSecret and DescribeSecret. Each secret has its current version only.
 */
export async function startSecrets(options: {
  secrets: Record<string, string>;
  clock?: Clock;
}): Promise<SecretsStandIn> {
  const clock = options.clock ?? realClock;
  const secrets = new Map<string, StoredSecret>();
  const requests: string[] = [];

  const put = (name: string, value: string): StoredSecret => {
    // AWS ends an ARN with six random characters.
    const arn = `arn:aws:secretsmanager:${REGION}:${ACCOUNT_ID}:secret:${name}-a1b2c3`;
    const stored = { name, arn, version: randomUUID(), value, createdMs: clock.now() };
    secrets.set(name, stored);
    return stored;
  };
  for (const [name, value] of Object.entries(options.secrets)) put(name, value);

  const find = ({ SecretId: id }: Input): StoredSecret => {
    const found = [...secrets.values()].find(({ name, arn }) => id === name || id === arn);
    if (!found)
      throw new AwsError(
        400,
        'ResourceNotFoundException',
        "Secrets Manager can't find the specified secret.",
      );
    return found;
  };

  const operations: Record<string, (input: Input) => object> = {
    GetSecretValue(input) {
      const { arn, name, version, value, createdMs } = find(input);
      const { VersionStage: stage = 'AWSCURRENT', VersionId: id = version } = input;
      if (stage !== 'AWSCURRENT' || id !== version)
        throw unsupported(400, 'InvalidParameterException', 'versions other than the current one');
      return { ...identity(arn, name, version), SecretString: value, CreatedDate: createdMs / 1000 };
    },
    PutSecretValue(input) {
      const { arn, name, version } = put(find(input).name, secretString(input));
      return identity(arn, name, version);
    },
    CreateSecret(input) {
      const { Name: wanted } = input;
      if (typeof wanted !== 'string' || wanted === '')
        throw new AwsError(400, 'InvalidParameterException', 'Name is required');
      if (secrets.has(wanted))
        throw new AwsError(400, 'ResourceExistsException', `The secret ${wanted} already exists.`);
      const { arn, name, version } = put(wanted, secretString(input));
      return identity(arn, name, version);
    },
    DescribeSecret(input) {
      const { arn, name, version } = find(input);
      return { ARN: arn, Name: name, VersionIdsToStages: { [version]: CURRENT } };
    },
  };

  const server = await startStandIn({
    maxBodyBytes: 1_000_000,
    answer({ headers, body }) {
      const target = String(headers['x-amz-target'] ?? '');
      const name = target.startsWith(TARGET) ? target.slice(TARGET.length) : '';
      const operation = Object.hasOwn(operations, name) ? operations[name] : undefined;
      if (!operation) throw unsupported(400, 'UnknownOperationException', target);
      requests.push(name);
      return jsonReply(200, operation(jsonObject(body)), { 'content-type': 'application/x-amz-json-1.1' });
    },
  });
  return { ...server, put: (name, value) => void put(name, value), requests };
}

function identity(arn: string, name: string, version: string) {
  return { ARN: arn, Name: name, VersionId: version, VersionStages: CURRENT };
}

function secretString({ SecretString: value }: Input): string {
  if (typeof value !== 'string')
    throw new AwsError(400, 'InvalidParameterException', 'SecretString is required');
  if (Buffer.byteLength(value) > MAX_SECRET_BYTES)
    throw new AwsError(400, 'InvalidParameterException', 'The secret is longer than 65536 bytes');
  return value;
}
