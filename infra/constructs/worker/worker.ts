import { Annotations, Duration, RemovalPolicy, Stack, Validations } from 'aws-cdk-lib';
import { Rule, RuleTargetInput, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction as LambdaTarget } from 'aws-cdk-lib/aws-events-targets';
import type { Role } from 'aws-cdk-lib/aws-iam';
import type { Key } from 'aws-cdk-lib/aws-kms';
import { type Alias, CfnFunction, type IFunction, RecursiveLoop } from 'aws-cdk-lib/aws-lambda';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { CENSUS_INPUT } from '../../../lib/census/census.ts';
import type { Policy } from '../../../lib/config/configuration.ts';
import { WORKER_MEMORY_MB, WORKER_RUN_DAYS, WORKER_TIMEOUT_SECONDS } from '../../function-limits.ts';
import { type Deployment, StudioFunction } from '../api/studio-function.ts';
import { WORKER_ALIAS } from './worker-name.ts';

/** The time that Lambda keeps a run's steps, and refuses a second run of that name. */
const RUN_HISTORY = Duration.days(14);
/** SQS's maximum. A dead letter contains the id of a purge, no address. */
const DEAD_LETTERS = Duration.days(14);
/** An event that is not delivered within this time becomes a dead letter, which sets off an alarm. */
const SCHEDULE_RETRY = { maxEventAge: Duration.hours(1), retryAttempts: 10 };
const CENSUS_RETRY = { maxEventAge: Duration.minutes(15), retryAttempts: 2 };

type WorkerProps = { deployment: Deployment; policies: readonly Policy[] };

/** The durable function that purges, its alias, and the rules that start purges and the census. */
export class Worker extends Construct {
  readonly worker: StudioFunction;
  readonly deadLetters: Queue;
  readonly schedule: Rule | undefined;

  constructor(scope: Construct, id: string, { deployment, policies }: WorkerProps) {
    super(scope, id);
    const { worker: name, settings, key, storage } = deployment;

    this.deadLetters = new Queue(this, 'DeadLetters', {
      enforceSSL: true,
      retentionPeriod: DEAD_LETTERS,
      ...(key
        ? { encryption: QueueEncryption.KMS, encryptionMasterKey: key }
        : { encryption: QueueEncryption.SQS_MANAGED }),
    });

    Validations.of(this.deadLetters).acknowledge({
      id: 'Serverless-SQSRedrivePolicy',
      reason: 'It is the dead-letter queue itself',
    });

    this.worker = new StudioFunction(this, 'Cleanup', {
      name: 'cleanup',
      description: 'Purges: the durable worker behind the schedule and POST /purges',
      functionName: name.functionName,
      deployment,
      timeout: Duration.seconds(WORKER_TIMEOUT_SECONDS),
      memorySize: WORKER_MEMORY_MB,
      durableConfig: { executionTimeout: Duration.days(WORKER_RUN_DAYS), retentionPeriod: RUN_HISTORY },
      deadLetterQueue: this.deadLetters,
      // A long purge is a chain of runs, each of which starts the next. At the sixteenth, Lambda would take
      // the chain for a loop and end it. A purge of ten million executions can need more.
      recursiveLoop: RecursiveLoop.ALLOW,
      // A run stays on the version it began with, so the version must outlive a later deployment.
      currentVersionOptions: { removalPolicy: RemovalPolicy.RETAIN },
    });
    if (key) encryptCheckpoints(this.worker.function, key);
    const { role } = this.worker;
    const objects = storage.archive.arnForObjects('*');
    acknowledgeWildcard(role, objects, 'Archives have no names before they are written');
    acknowledgeWildcard(role, `${name.functionArn}:*`, 'Runs belong to a version, numbered at deployment');
    Annotations.of(this.worker.function).acknowledgeInfo(
      'aws-lambda:Function.DurableConfig',
      'It is durable from its creation',
    );
    const alias = this.worker.function.addAlias(WORKER_ALIAS);
    if (!isFunction(alias)) throw new Error('The worker’s alias has no role');

    if (settings.schedule !== false && policies.length > 0) {
      // The worker recognises the schedule's event by its source, and a repeated one by its id.
      this.schedule = new Rule(this, 'Schedule', {
        description: `Purges by ${policies.map(({ name }) => name).join(', ')}`.slice(0, 512),
        schedule: Schedule.expression(settings.schedule),
        targets: [new LambdaTarget(alias, { deadLetterQueue: this.deadLetters, ...SCHEDULE_RETRY })],
      });
    }
    if (settings.census !== false)
      new Rule(this, 'Census', {
        description: 'Counts active executions by age',
        schedule: Schedule.expression(settings.census),
        // Retries end soon, because the next census replaces a late one.
        targets: [
          new LambdaTarget(alias, {
            event: RuleTargetInput.fromObject(CENSUS_INPUT),
            deadLetterQueue: this.deadLetters,
            ...CENSUS_RETRY,
          }),
        ],
      });
  }
}

/**
 * Sets the property directly, because CDK's `durableConfig` takes no key yet. A run keeps the key it began
 * with.
 */
function encryptCheckpoints(worker: IFunction, key: Key): void {
  const { defaultChild } = worker.node;
  if (!(defaultChild instanceof CfnFunction)) throw new Error('The worker has no resource of its own');
  defaultChild.addPropertyOverride('DurableConfig.KMSKeyArn', key.keyArn);
}

/** Narrows the type: CDK's class declares the role as possibly undefined, its interface as optional. */
function isFunction(alias: Alias): alias is Alias & IFunction {
  return alias.role !== undefined;
}

/** Gives cdk-nag the reason why a role may use this ARN with a `*`. Other wildcards are still reported. */
function acknowledgeWildcard(role: Role, arn: string, reason: string): void {
  const resource = inNagsWords(Stack.of(role).resolve(arn));
  Validations.of(role).acknowledge({ id: `AwsSolutions-IAM5[Resource::${resource}]`, reason });
}

/** Writes a resolved ARN as cdk-nag does: `{"Fn::GetAtt": ["Bucket", "Arn"]}` → `<Bucket.Arn>`. */
function inNagsWords(resolved: unknown): string {
  if (typeof resolved !== 'object' || resolved === null) return String(resolved);
  const [[name, value] = ['', []]] = Object.entries(resolved);
  const parts: unknown[] = Array.isArray(value) ? value : [value];
  if (name !== 'Fn::Join') return `<${parts.join('.')}>`;
  return [parts[1]].flat().map(inNagsWords).join(String(parts[0]));
}
