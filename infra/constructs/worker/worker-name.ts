import { Names, Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';

export const WORKER_ALIAS = 'live';
const SUFFIX = '-cleanup';
const FUNCTION_NAME_LENGTH = 64;

export type WorkerName = {
  functionName: string;
  functionArn: string;
  /** The alias: the only way in. */
  aliasArn: string;
};

/**
 * The worker is named before it exists, because its own role and environment name it: a reference would be a
 * circle. It is durable from its creation, so the replacement that a name would be in the way of does not
 * come.
 */
export function workerName(scope: Construct): WorkerName {
  const maxLength = FUNCTION_NAME_LENGTH - SUFFIX.length;
  const functionName = `${Names.uniqueResourceName(scope, { maxLength, separator: '-' })}${SUFFIX}`;
  const functionArn = Stack.of(scope).formatArn({ service: 'lambda', resource: `function:${functionName}` });
  return { functionName, functionArn, aliasArn: `${functionArn}:${WORKER_ALIAS}` };
}
