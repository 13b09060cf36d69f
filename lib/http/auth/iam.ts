/**
 * The name of an IAM caller: account and role, or account and user. A role's session is left out: it
 * changes with every run of whoever calls, and the idempotency keys of one caller belong together.
 */
export function iamCallerName(userArn: string): string {
  const match = /^arn:[\w-]+:(?:iam|sts)::(\d{12}):([\w-]+)\/([\w+=,.@/-]{1,128})$/.exec(userArn);
  if (!match) return 'aws';
  const [, account, kind, path = ''] = match;
  const name = kind === 'assumed-role' ? path.split('/')[0] : path;
  return `${account}/${name}`;
}
