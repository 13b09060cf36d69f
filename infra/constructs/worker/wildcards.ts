import { Stack, Validations } from 'aws-cdk-lib';
import type { Role } from 'aws-cdk-lib/aws-iam';

/**
 * Tells cdk-nag that a role may use this ARN with a `*` in it, and why. cdk-nag wants exactly the ARN, so that
 * another one with a `*` is found again.
 */
export function acknowledgeWildcard(role: Role, arn: string, reason: string): void {
  const resource = inNagsWords(Stack.of(role).resolve(arn));
  Validations.of(role).acknowledge({ id: `AwsSolutions-IAM5[Resource::${resource}]`, reason });
}

/** `{"Fn::GetAtt": ["Bucket", "Arn"]}` → `<Bucket.Arn>`, and what is joined: one after the other. */
function inNagsWords(resolved: unknown): string {
  if (typeof resolved !== 'object' || resolved === null) return String(resolved);
  const [[name, value] = ['', []]] = Object.entries(resolved);
  const parts: unknown[] = Array.isArray(value) ? value : [value];
  if (name !== 'Fn::Join') return `<${parts.join('.')}>`;
  return [parts[1]].flat().map(inNagsWords).join(String(parts[0]));
}
