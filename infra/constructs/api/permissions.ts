import { Stack } from 'aws-cdk-lib';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { Key } from 'aws-cdk-lib/aws-kms';
import { FUNCTION_CONTEXT } from '../storage/encryption.ts';
import type { Storage } from '../storage/storage.ts';
import { type TableUse, tableUse } from './table-use.ts';

/**
 * The permissions of each function: only the calls that its code makes, on the one resource it makes them on,
 * and in the table only on its own partitions (table-use.ts).
 */

export type Permissions = {
  storage: Storage;
  /** The worker's alias, which is all that may be invoked. */
  workerArn: string;
  /** The worker without a version, which its checkpoints are counted under. */
  workerFunctionArn: string;
};

export const permissionsOf = {
  trigger: ({ storage }: Permissions) => [readSecret(storage), ...useTable(storage, tableUse.trigger)],
  query: ({ storage }: Permissions) => [readSecret(storage)],
  end: ({ storage }: Permissions) => [readSecret(storage)],
  delete: ({ storage }: Permissions) => [readSecret(storage)],
  purge: ({ storage, workerArn }: Permissions) => [
    readSecret(storage),
    ...useTable(storage, tableUse.purge),
    allow(['lambda:InvokeFunction'], workerArn),
  ],
  cleanup: ({ storage, workerArn, workerFunctionArn }: Permissions) => [
    readSecret(storage),
    ...useTable(storage, tableUse.cleanup),
    allow(['s3:PutObject'], storage.archive.arnForObjects('*')),
    // A run that has grown long hands over to a new one of itself.
    allow(['lambda:InvokeFunction'], workerArn),
    // Durable runs belong to a version of the function, whose number nobody knows before it is published.
    allow(['lambda:CheckpointDurableExecution', 'lambda:GetDurableExecutionState'], `${workerFunctionArn}:*`),
  ],
} satisfies Record<string, (given: Permissions) => PolicyStatement[]>;

export type DeployedFunction = keyof typeof permissionsOf;

/** What DynamoDB asks of whoever uses a table with a customer's key. */
const KEY_OF_TABLE = [
  'Decrypt',
  'DescribeKey',
  'Encrypt',
  'GenerateDataKey',
  'GenerateDataKeyWithoutPlaintext',
  'ReEncryptFrom',
  'ReEncryptTo',
];

/** What a function needs of the deployment's own key, through which service. */
export function keyPermissionsOf(
  name: DeployedFunction,
  key: Key,
  functionName: string | undefined,
): PolicyStatement[] {
  const ofLambda = decryptForLambda(key, functionName);
  const decryptSecret = useKey(key, 'secretsmanager', 'Decrypt');
  const table = useKey(key, 'dynamodb', ...KEY_OF_TABLE);
  switch (name) {
    case 'query':
    case 'end':
    case 'delete':
      return [ofLambda, decryptSecret];
    case 'trigger':
    case 'purge':
      return [ofLambda, decryptSecret, table];
    case 'cleanup':
      return [
        ofLambda,
        decryptSecret,
        table,
        useKey(key, 's3', 'Decrypt', 'GenerateDataKey'),
        useKey(key, 'sqs', 'Decrypt', 'GenerateDataKey'),
      ];
  }
}

function readSecret({ secret }: Storage): PolicyStatement {
  return allow(['secretsmanager:GetSecretValue'], secret.ref);
}

function useTable({ table }: Storage, uses: readonly TableUse[]): PolicyStatement[] {
  return uses.map(({ partition, operations }) => {
    const statement = allow(
      operations.map((operation) => `dynamodb:${operation}`),
      table.tableArn,
    );
    statement.addConditions({
      'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': [partition] },
      // ForAllValues alone also holds for a call that names no key.
      Null: { 'dynamodb:LeadingKeys': 'false' },
    });
    return statement;
  });
}

/**
 * Lets Lambda decrypt with the function's role: environment variables, and the checkpoints of a durable
 * function. Allows any function name if CloudFormation chooses it, because a role cannot refer to the name
 * then.
 */
function decryptForLambda(key: Key, functionName = '*'): PolicyStatement {
  const statement = allow(['kms:Decrypt'], key.keyArn);
  const functionArn = Stack.of(key).formatArn({ service: 'lambda', resource: `function:${functionName}` });
  statement.addCondition('ArnLike', { [FUNCTION_CONTEXT]: functionArn });
  return statement;
}

function useKey(key: Key, service: string, ...operations: string[]): PolicyStatement {
  const statement = allow(
    operations.map((operation) => `kms:${operation}`),
    key.keyArn,
  );
  statement.addCondition('StringEquals', {
    'kms:ViaService': `${service}.${Stack.of(key).region}.amazonaws.com`,
  });
  return statement;
}

function allow(actions: string[], resource: string): PolicyStatement {
  return new PolicyStatement({ actions, resources: [resource] });
}
