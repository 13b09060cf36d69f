import { randomUUID } from 'node:crypto';
import { type Clock, realClock } from '../clock.ts';
import { type Listening, listen } from '../http.ts';
import {
  ACCOUNT_ID,
  AwsError,
  answering,
  errorReply,
  jsonObject,
  jsonReply,
  REGION,
  requireSignature,
} from './protocol.ts';

/**
 * A stand-in for Secrets Manager (JSON 1.1): GetSecretValue, PutSecretValue, DescribeSecret, CreateSecret,
 * with the stages AWSCURRENT and AWSPREVIOUS.
 */

const MAX_SECRET_BYTES = 65_536;
const TARGET = 'secretsmanager.';

type Version = { id: string; value: string; createdMs: number };
type StoredSecret = {
  name: string;
  arn: string;
  createdMs: number;
  current: Version;
  previous: Version | null;
};

export type SecretsStandIn = Listening & {
  /** Rotates: what was current becomes previous. */
  put(name: string, value: string): void;
  /** The operations seen, in order, such as `GetSecretValue`. */
  readonly requests: string[];
};

export async function startSecrets(options: {
  secrets: Record<string, string>;
  clock?: Clock;
}): Promise<SecretsStandIn> {
  const clock = options.clock ?? realClock;
  const secrets = new Map<string, StoredSecret>();
  const requests: string[] = [];

  const put = (name: string, value: string): StoredSecret => {
    const version = { id: randomUUID(), value, createdMs: clock.now() };
    const before = secrets.get(name);
    const stored: StoredSecret = before
      ? { ...before, current: version, previous: before.current }
      : { name, arn: arnOf(name), createdMs: version.createdMs, current: version, previous: null };
    secrets.set(name, stored);
    return stored;
  };
  for (const [name, value] of Object.entries(options.secrets)) put(name, value);

  const find = (id: unknown): StoredSecret => {
    const found = [...secrets.values()].find(({ name, arn }) => id === name || id === arn);
    if (!found)
      throw new AwsError(
        400,
        'ResourceNotFoundException',
        "Secrets Manager can't find the specified secret.",
      );
    return found;
  };

  const operations: Record<string, (input: Record<string, unknown>) => unknown> = {
    GetSecretValue(input) {
      const secret = find(input['SecretId']);
      const version = versionOf(secret, input);
      return {
        ARN: secret.arn,
        Name: secret.name,
        VersionId: version.id,
        SecretString: version.value,
        VersionStages: [version === secret.current ? 'AWSCURRENT' : 'AWSPREVIOUS'],
        CreatedDate: version.createdMs / 1000,
      };
    },
    PutSecretValue(input) {
      const secret = put(find(input['SecretId']).name, secretString(input));
      return {
        ARN: secret.arn,
        Name: secret.name,
        VersionId: secret.current.id,
        VersionStages: ['AWSCURRENT'],
      };
    },
    CreateSecret(input) {
      const name = input['Name'];
      if (typeof name !== 'string' || name === '')
        throw new AwsError(400, 'InvalidParameterException', 'Name is required');
      if (secrets.has(name))
        throw new AwsError(
          400,
          'ResourceExistsException',
          `The operation failed because the secret ${name} already exists.`,
        );
      const secret = put(name, secretString(input));
      return { ARN: secret.arn, Name: secret.name, VersionId: secret.current.id };
    },
    DescribeSecret(input) {
      const secret = find(input['SecretId']);
      return {
        ARN: secret.arn,
        Name: secret.name,
        CreatedDate: secret.createdMs / 1000,
        LastChangedDate: secret.current.createdMs / 1000,
        VersionIdsToStages: {
          [secret.current.id]: ['AWSCURRENT'],
          ...(secret.previous && { [secret.previous.id]: ['AWSPREVIOUS'] }),
        },
      };
    },
  };

  const server = await listen({
    maxBodyBytes: 1_000_000,
    tooLarge: errorReply(new AwsError(413, 'RequestTooLargeException', 'The request is too large')),
    answer: ({ headers, body }) =>
      answering(() => {
        requireSignature(headers);
        const target = String(headers['x-amz-target'] ?? '');
        const name = target.startsWith(TARGET) ? target.slice(TARGET.length) : '';
        const operation = operations[name];
        if (!operation) throw new AwsError(400, 'UnknownOperationException', `No such operation: ${target}`);
        requests.push(name);
        return jsonReply(200, operation(jsonObject(body)), { 'content-type': 'application/x-amz-json-1.1' });
      }),
  });
  return { ...server, put: (name, value) => void put(name, value), requests };
}

function versionOf(secret: StoredSecret, input: Record<string, unknown>): Version {
  const wanted = [secret.current, secret.previous].find(
    (version) =>
      version !== null &&
      (input['VersionId'] === undefined || input['VersionId'] === version.id) &&
      (input['VersionStage'] ?? 'AWSCURRENT') === (version === secret.current ? 'AWSCURRENT' : 'AWSPREVIOUS'),
  );
  if (!wanted)
    throw new AwsError(
      400,
      'ResourceNotFoundException',
      "Secrets Manager can't find the specified secret value.",
    );
  return wanted;
}

function secretString(input: Record<string, unknown>): string {
  const value = input['SecretString'];
  if (typeof value !== 'string')
    throw new AwsError(400, 'InvalidParameterException', 'SecretString is required here');
  if (Buffer.byteLength(value) > MAX_SECRET_BYTES)
    throw new AwsError(400, 'InvalidParameterException', 'The secret is longer than 65536 bytes');
  return value;
}

/** The real ones end in six random characters; callers may leave them out. */
function arnOf(name: string): string {
  return `arn:aws:secretsmanager:${REGION}:${ACCOUNT_ID}:secret:${name}-a1b2c3`;
}
