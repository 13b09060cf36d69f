import { join } from 'node:path';
import { Duration, RemovalPolicy, Validations } from 'aws-cdk-lib';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { Key } from 'aws-cdk-lib/aws-kms';
import {
  Architecture,
  Code,
  type FunctionProps,
  Function as LambdaFunction,
  LoggingFormat,
  Runtime,
  Tracing,
} from 'aws-cdk-lib/aws-lambda';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import type { Settings } from '../deployment-settings.ts';
import { type DeployedFunction, keyPermissionsOf } from './permissions.ts';

/** The one place that says what the bundles run on; infra/build.ts has the target to it. */
const RUNTIME = Runtime.NODEJS_24_X;
/** HTTP APIs cut at 30 s; a request of ours ends itself after 25 s. */
export const HTTP_TIMEOUT = Duration.seconds(29);

export type StudioFunctionProps = {
  name: DeployedFunction;
  /** Where `npm run build` put the bundles: one folder a function. */
  bundlesDirectory: string;
  settings: Settings;
  key: Key | undefined;
  environment: Record<string, string>;
  permissions: PolicyStatement[];
} & Partial<
  Pick<
    FunctionProps,
    | 'description'
    | 'functionName'
    | 'timeout'
    | 'memorySize'
    | 'durableConfig'
    | 'deadLetterQueue'
    | 'currentVersionOptions'
    | 'recursiveLoop'
    | 'reservedConcurrentExecutions'
  >
>;

/** One bundle as a Lambda function, with a role and a log group of its own. */
export class StudioFunction extends Construct {
  readonly function: LambdaFunction;
  readonly role: Role;
  readonly logGroup: LogGroup;

  constructor(scope: Construct, id: string, props: StudioFunctionProps) {
    super(scope, id);
    const { name, bundlesDirectory, settings, key, environment, permissions, ...rest } = props;

    this.logGroup = new LogGroup(this, 'Logs', {
      retention: settings.logRetentionDays,
      removalPolicy: RemovalPolicy.DESTROY,
      ...(key && { encryptionKey: key }),
    });
    this.role = new Role(this, 'Role', {
      assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
      description: `What the ${name} function of studio-executions may do`,
    });
    // Instead of AWS's managed policy, which lets every function write into every log group.
    this.role.addToPolicy(
      new PolicyStatement({
        actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
        resources: [this.logGroup.logGroupArn],
      }),
    );
    Validations.of(this.role).acknowledge({
      id: 'AwsSolutions-IAM5[Resource::*]',
      reason: 'Only the two actions of X-Ray, which AWS allows no resource for',
    });
    for (const statement of permissions) this.role.addToPolicy(statement);
    if (key)
      for (const statement of keyPermissionsOf(name, key, rest.functionName))
        this.role.addToPolicy(statement);

    this.function = new LambdaFunction(this, 'Function', {
      runtime: RUNTIME,
      architecture: Architecture.ARM_64,
      handler: 'index.handler',
      code: Code.fromAsset(join(bundlesDirectory, name)),
      memorySize: settings.memoryMb,
      timeout: HTTP_TIMEOUT,
      tracing: Tracing.ACTIVE,
      role: this.role,
      logGroup: this.logGroup,
      // The functions write JSON themselves, metrics included; Lambda would wrap it once more.
      loggingFormat: LoggingFormat.TEXT,
      environment,
      ...(key && { environmentEncryption: key }),
      ...rest,
    });
    if (!rest.deadLetterQueue)
      Validations.of(this.function).acknowledge({
        id: 'Serverless-LambdaDLQ',
        reason: 'Invoked synchronously only: API Gateway tells the caller of a failure',
      });
  }
}
