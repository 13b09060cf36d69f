import { sha256 } from './hash.ts';

const HASH_CHARACTERS = 16;

/**
 * The name of an IAM caller: account, kind of principal and principal, such as `123456789012/role/Deploy`.
 * Leaves out a role's session, so that idempotency keys belong to the role across sessions. For an ARN of
 * another shape, the name is a hash of the ARN.
 */
export function iamCallerName(userArn: string): string {
  const match = /^arn:([\w-]+):(?:iam|sts)::(\d{12}):(?:root$|([\w-]+)\/([\w+=,.@/-]{1,600})$)/.exec(userArn);
  if (!match) return `aws-${sha256(userArn).toString('hex').slice(0, HASH_CHARACTERS)}`;
  const [, partition = '', number = '', kind = '', path = ''] = match;
  // Account numbers are unique only within a partition.
  const account = partition === 'aws' ? number : `${partition}:${number}`;
  if (path === '') return `${account}/root`;
  return kind === 'assumed-role' ? `${account}/role/${path.split('/')[0]}` : `${account}/${kind}/${path}`;
}
