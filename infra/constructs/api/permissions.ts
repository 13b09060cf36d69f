import { Stack } from 'aws-cdk-lib';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { Key } from 'aws-cdk-lib/aws-kms';
import { FUNCTION_CONTEXT } from '../storage/encryption.ts';
import type { Storage } from '../storage/storage.ts';
import type { WorkerName } from '../worker/worker-name.ts';
import { type TableUse, tableUse } from './table-use.ts';

export type DeployedFunction = keyof typeof tableUse;

/**
 * Returns the permissions of a function: only the calls that its code makes, on their resource, and in the
 * table only on the partitions that it uses.
 */
export function permissionsOf(
  name: DeployedFunction,
  { storage, worker }: { storage: Storage; worker: WorkerName },
): PolicyStatement[] {
  const table = tableUse[name].map((use) => usePartition(storage.table.tableArn, use));
  const startWorker = allow(['lambda:InvokeFunction'], worker.aliasArn);
  const permissions = [allow(['secretsmanager:GetSecretValue'], storage.secret.ref), ...table];
  if (name === 'purge') return [...permissions, startWorker];
  if (name !== 'cleanup') return permissions;
  return [
    ...permissions,
    allow(['s3:PutObject'], storage.archive.arnForObjects('*')),
    // A long run starts the next one.
    startWorker,
    // A durable run belongs to a version of the function, whose number is not known before it is published.
    allow(
      ['lambda:CheckpointDurableExecution', 'lambda:GetDurableExecutionState'],
      `${worker.functionArn}:*`,
    ),
  ];
}

/** The KMS operations that DynamoDB requires for a table with a customer's key. */
const KEY_OF_TABLE = [
  'Decrypt',
  'DescribeKey',
  'Encrypt',
  'GenerateDataKey',
  'GenerateDataKeyWithoutPlaintext',
  'ReEncryptFrom',
  'ReEncryptTo',
];

/** Returns the operations on the deployment's own key that a function needs, by service. */
export function keyPermissionsOf(
  name: DeployedFunction,
  key: Key,
  functionName: string | undefined,
): PolicyStatement[] {
  return [
    decryptForLambda(key, functionName),
    useKey(key, 'secretsmanager', 'Decrypt'),
    ...(tableUse[name].length > 0 ? [useKey(key, 'dynamodb', ...KEY_OF_TABLE)] : []),
    ...(name === 'cleanup'
      ? ['s3', 'sqs'].map((service) => useKey(key, service, 'Decrypt', 'GenerateDataKey'))
      : []),
  ];
}

function usePartition(tableArn: string, { partition, operations }: TableUse): PolicyStatement {
  const statement = allow(
    operations.map((operation) => `dynamodb:${operation}`),
    tableArn,
  );
  statement.addConditions({
    'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': [partition] },
    // ForAllValues alone is also true for a call without a key.
    Null: { 'dynamodb:LeadingKeys': 'false' },
  });
  return statement;
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
