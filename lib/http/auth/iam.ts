import { sha256 } from './hash.ts';

const HASH_CHARACTERS = 16;

/**
 * The name of an IAM caller: account, kind of principal, and its name, such as `123456789012/role/Deploy`. A
 * role's session is left out, because it changes with every run while the caller's idempotency keys stay. An
 * ARN of another shape is told from others by a hash of it.
 */
export function iamCallerName(userArn: string): string {
  const match = /^arn:([\w-]+):(?:iam|sts)::(\d{12}):(?:root$|([\w-]+)\/([\w+=,.@/-]{1,128})$)/.exec(userArn);
  if (!match) return `aws-${sha256(userArn).toString('hex').slice(0, HASH_CHARACTERS)}`;
  const [, partition = '', number = '', kind = '', path = ''] = match;
  // Each partition counts its accounts by itself.
  const account = partition === 'aws' ? number : `${partition}:${number}`;
  if (path === '') return `${account}/root`;
  return kind === 'assumed-role' ? `${account}/role/${path.split('/')[0]}` : `${account}/${kind}/${path}`;
}
