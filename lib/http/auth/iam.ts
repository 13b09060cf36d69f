import { sha256 } from './hash.ts';

const HASH_CHARACTERS = 16;

/**
 * The name of an IAM caller: account and role, or account and user. A role's session is left out: it
 * changes with every run of whoever calls, and the idempotency keys of one caller belong together.
 * Whoever has an ARN of another shape (an account's root) is told from others by a hash of it.
 */
export function iamCallerName(userArn: string): string {
  const match = /^arn:[\w-]+:(?:iam|sts)::(\d{12}):([\w-]+)\/([\w+=,.@/-]{1,128})$/.exec(userArn);
  if (!match) return `aws-${sha256(userArn).toString('hex').slice(0, HASH_CHARACTERS)}`;
  const [, account, kind, path = ''] = match;
  const name = kind === 'assumed-role' ? path.split('/')[0] : path;
  return `${account}/${name}`;
}
