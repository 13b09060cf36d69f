import { expect, test } from 'vitest';
import { iamCallerName } from '../../../../lib/http/auth/iam.ts';

test.each([
  ['arn:aws:sts::123456789012:assumed-role/Deployer/session-1', '123456789012/Deployer'],
  ['arn:aws:sts::123456789012:assumed-role/Deployer/session-2', '123456789012/Deployer'],
  ['arn:aws:iam::123456789012:user/team/ann', '123456789012/team/ann'],
  ['arn:aws-us-gov:iam::123456789012:user/ann', '123456789012/ann'],
])('%s is called %s', (arn, name) => {
  expect(iamCallerName(arn)).toBe(name);
});

test('two ARNs of other shapes are two callers, neither of whom is told by name', () => {
  const root = 'arn:aws:iam::123456789012:root';
  const others = [root, root.replace('12:', '13:'), 'arn:aws:iam::1:user/zoë', 'whatever', ''];
  const names = others.map(iamCallerName);
  expect(new Set(names).size).toBe(others.length);
  expect(iamCallerName(root)).toBe(names[0]);
  for (const name of names) expect(name).toMatch(/^aws-[0-9a-f]{16}$/);
});
