import { RemovalPolicy, Stack } from 'aws-cdk-lib';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Key } from 'aws-cdk-lib/aws-kms';
import type { Construct } from 'constructs';

/** Condition key: the function whose checkpoints and environment variables Lambda encrypts. */
export const FUNCTION_CONTEXT = 'kms:EncryptionContext:aws:lambda:FunctionArn';
/** The AWS services that use the key themselves, not through a function's role. */
const SERVICES = ['events.amazonaws.com', 'cloudwatch.amazonaws.com'];

/**
 * Returns the removal policy: kept data outlives the stack, but a deployment that fails while it creates the
 * resource leaves nothing behind.
 */
export function whenRemoved(keepData: boolean): RemovalPolicy {
  return keepData ? RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE : RemovalPolicy.DESTROY;
}

/**
 * Creates the deployment's own key for all stored data. It has the removal policy of the data, which would be
 * lost without it.
 */
export function customerKey(scope: Construct, keepData: boolean, workerFunctionArn: string): Key {
  const key = new Key(scope, 'Key', {
    description:
      'Encrypts what studio-executions stores: secret, table, archives, queue, topic, logs, checkpoints, variables',
    enableKeyRotation: true,
    removalPolicy: whenRemoved(keepData),
  });
  const { account, partition, region } = Stack.of(scope);
  key.addToResourcePolicy(
    new PolicyStatement({
      sid: 'LogsOfThisAccount',
      principals: [new ServicePrincipal(`logs.${region}.amazonaws.com`)],
      actions: ['kms:Encrypt', 'kms:Decrypt', 'kms:ReEncrypt*', 'kms:GenerateDataKey*', 'kms:DescribeKey'],
      resources: ['*'],
      conditions: {
        ArnLike: {
          'kms:EncryptionContext:aws:logs:arn': `arn:${partition}:logs:${region}:${account}:log-group:*`,
        },
      },
    }),
  );
  key.addToResourcePolicy(
    new PolicyStatement({
      sid: 'DeadLettersAndAlarmsOfThisAccount',
      principals: SERVICES.map((service) => new ServicePrincipal(service)),
      actions: ['kms:Decrypt', 'kms:GenerateDataKey*'],
      resources: ['*'],
      conditions: { StringEquals: { 'aws:SourceAccount': account } },
    }),
  );
  // Required by Lambda's developer guide, "Encrypting durable execution data".
  key.addToResourcePolicy(
    new PolicyStatement({
      sid: 'CheckpointsOfTheWorker',
      principals: [new ServicePrincipal('lambda.amazonaws.com')],
      actions: ['kms:Decrypt', 'kms:GenerateDataKey'],
      resources: ['*'],
      conditions: {
        StringEquals: {
          'aws:SourceAccount': account,
          'aws:SourceArn': workerFunctionArn,
          [FUNCTION_CONTEXT]: workerFunctionArn,
        },
      },
    }),
  );
  return key;
}
