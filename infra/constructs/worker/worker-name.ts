import { Names, Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';

export const WORKER_ALIAS = 'live';
const SUFFIX = '-cleanup';
const FUNCTION_NAME_LENGTH = 64;

export type WorkerName = {
  functionName: string;
  functionArn: string;
  /** ARN of the alias, which all invocations use. */
  aliasArn: string;
};

/**
 * Names the worker before it exists, because its own role and environment contain its name, and a reference
 * would be circular. A fixed name prevents replacement, which a function that is durable from its creation
 * does not need.
 */
export function workerName(scope: Construct): WorkerName {
  const maxLength = FUNCTION_NAME_LENGTH - SUFFIX.length;
  const functionName = `${Names.uniqueResourceName(scope, { maxLength, separator: '-' })}${SUFFIX}`;
  const functionArn = Stack.of(scope).formatArn({ service: 'lambda', resource: `function:${functionName}` });
  return { functionName, functionArn, aliasArn: `${functionArn}:${WORKER_ALIAS}` };
}
