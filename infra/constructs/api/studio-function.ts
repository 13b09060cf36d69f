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
import { METRIC_NAMESPACE_VARIABLE } from '../../../lib/telemetry/metrics.ts';
import { HTTP_TIMEOUT_SECONDS } from '../../function-limits.ts';
import type { Settings } from '../deployment-settings.ts';
import type { Storage } from '../storage/storage.ts';
import type { WorkerName } from '../worker/worker-name.ts';
import { type DeployedFunction, keyPermissionsOf, permissionsOf } from './permissions.ts';
import { reservedBy } from './reserved.ts';
import { tableUse } from './table-use.ts';

/** The Node version of the functions. The target in infra/build.ts must match it. */
const RUNTIME = Runtime.NODEJS_24_X;

/** The properties that all functions of a deployment share. */
export type Deployment = {
  /** Where `npm run build` put the bundles: one folder a function. */
  bundlesDirectory: string;
  settings: Settings;
  key: Key | undefined;
  storage: Storage;
  worker: WorkerName;
  /** The checked configuration. */
  configJson: string;
  /** Namespace of the functions' metrics, which keeps the stages of an account apart. */
  metricNamespace: string;
};

type StudioFunctionProps = {
  name: DeployedFunction;
  deployment: Deployment;
} & Partial<FunctionProps>;

/** A Lambda function with one bundle, a role and a log group of its own. */
export class StudioFunction extends Construct {
  readonly function: LambdaFunction;
  readonly role: Role;
  readonly logGroup: LogGroup;

  constructor(scope: Construct, id: string, props: StudioFunctionProps) {
    super(scope, id);
    const { name, deployment, ...rest } = props;
    const { bundlesDirectory, settings, key } = deployment;
    const reserved: Partial<Record<DeployedFunction, number | undefined>> = reservedBy(settings);

    this.logGroup = new LogGroup(this, 'Logs', {
      retention: settings.logRetentionDays,
      removalPolicy: RemovalPolicy.DESTROY,
      ...(key && { encryptionKey: key }),
    });
    this.role = new Role(this, 'Role', {
      assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
      description: `What the ${name} function of studio-executions may do`,
    });
    // AWS's managed policy would let the function write into every log group.
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
    for (const statement of permissionsOf(name, deployment)) this.role.addToPolicy(statement);
    if (key)
      for (const statement of keyPermissionsOf(name, key, rest.functionName))
        this.role.addToPolicy(statement);

    this.function = new LambdaFunction(this, 'Function', {
      runtime: RUNTIME,
      architecture: Architecture.ARM_64,
      handler: 'index.handler',
      code: Code.fromAsset(join(bundlesDirectory, name)),
      memorySize: settings.memoryMb,
      timeout: Duration.seconds(HTTP_TIMEOUT_SECONDS),
      tracing: Tracing.ACTIVE,
      role: this.role,
      logGroup: this.logGroup,
      // The functions write JSON themselves, metrics included; Lambda would wrap it once more.
      loggingFormat: LoggingFormat.TEXT,
      environment: environmentOf(name, deployment),
      ...(key && { environmentEncryption: key }),
      ...(reserved[name] && { reservedConcurrentExecutions: reserved[name] }),
      ...rest,
    });
    if (!rest.deadLetterQueue)
      Validations.of(this.function).acknowledge({
        id: 'Serverless-LambdaDLQ',
        reason: 'Invoked synchronously only: API Gateway tells the caller of a failure',
      });
  }
}

/** Returns the environment variables that a function needs. */
function environmentOf(name: DeployedFunction, deployment: Deployment): Record<string, string> {
  const { storage, worker, configJson, metricNamespace, settings } = deployment;
  const iam = name === 'cleanup' ? undefined : settings.iam;
  return {
    STUDIO_SECRET_ID: storage.secret.ref,
    STUDIO_CONFIG: configJson,
    [METRIC_NAMESPACE_VARIABLE]: metricNamespace,
    ...(iam && { STUDIO_IAM_SCOPES: iam.scopes.join(',') }),
    ...(iam?.flows && { STUDIO_IAM_FLOWS: iam.flows.join(',') }),
    ...(tableUse[name].length > 0 && { STUDIO_TABLE: storage.table.tableName }),
    ...((name === 'purge' || name === 'cleanup') && { STUDIO_CLEANUP_FUNCTION: worker.aliasArn }),
    ...(name === 'cleanup' && { STUDIO_ARCHIVE_BUCKET: storage.archive.bucketName }),
  };
}
