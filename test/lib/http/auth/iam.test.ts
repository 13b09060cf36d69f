import { expect, test } from 'vitest';
import { iamCallerName } from '../../../../lib/http/auth/iam.ts';

test.each([
  ['arn:aws:sts::123456789012:assumed-role/Deployer/session-1', '123456789012/Deployer'],
  ['arn:aws:sts::123456789012:assumed-role/Deployer/session-2', '123456789012/Deployer'],
  ['arn:aws:iam::123456789012:user/team/ann', '123456789012/team/ann'],
  ['arn:aws-us-gov:iam::123456789012:user/ann', '123456789012/ann'],
  ['something else', 'aws'],
])('%s is called %s', (arn, name) => {
  expect(iamCallerName(arn)).toBe(name);
});
