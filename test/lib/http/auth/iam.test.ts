import { expect, test } from 'vitest';
import { iamCallerName } from '../../../../lib/http/auth/authenticate.ts';

test.each([
  ['arn:aws:sts::123456789012:assumed-role/Deploy/session-1', '123456789012/role/Deploy'],
  ['arn:aws:sts::123456789012:assumed-role/Deploy/session-2', '123456789012/role/Deploy'],
  ['arn:aws:iam::123456789012:user/Deploy', '123456789012/user/Deploy'],
  ['arn:aws:iam::123456789012:user/team/ann', '123456789012/user/team/ann'],
  ['arn:aws:sts::123456789012:federated-user/Deploy', '123456789012/federated-user/Deploy'],
  [
    `arn:aws:sts::123456789012:assumed-role/${'R'.repeat(64)}/${'s'.repeat(64)}`,
    `123456789012/role/${'R'.repeat(64)}`,
  ],
  ['arn:aws:iam::123456789012:root', '123456789012/root'],
  ['arn:aws:iam::123456789012:user/root', '123456789012/user/root'],
  ['arn:aws-us-gov:iam::123456789012:user/ann', 'aws-us-gov:123456789012/user/ann'],
])('%s is called %s', (arn, name) => {
  expect(iamCallerName(arn)).toBe(name);
});

test('principals with one name are as many callers as there are kinds, accounts and partitions', () => {
  const arns = ['aws', 'aws-cn'].flatMap((partition) =>
    ['123456789012', '123456789013'].flatMap((account) => [
      `arn:${partition}:sts::${account}:assumed-role/ops/root`,
      `arn:${partition}:iam::${account}:user/root`,
      `arn:${partition}:iam::${account}:user/role/root`,
      `arn:${partition}:sts::${account}:federated-user/root`,
      `arn:${partition}:iam::${account}:root`,
    ]),
  );
  expect(new Set(arns.map(iamCallerName)).size).toBe(arns.length);
});

test('two ARNs of other shapes are two callers, neither of whom is told by name', () => {
  const others = [
    'arn:aws:iam::1:root',
    'arn:aws:iam::1:user/zoë',
    'arn:aws:iam::123456789012:',
    'whatever',
    '',
  ];
  const names = others.map(iamCallerName);
  expect(new Set(names).size).toBe(others.length);
  for (const name of names) expect(name).toMatch(/^aws-[0-9a-f]{16}$/);
});
