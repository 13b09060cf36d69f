import { CfnOutput, Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { RESERVED_OUTPUT, reservedBy, runsIn } from './constructs/api/reserved.ts';
import { StudioExecutions, type StudioExecutionsProps } from './constructs/studio-executions.ts';

/** studio-executions as a stack of its own, with the outputs that its users need. */
export class StudioExecutionsStack extends Stack {
  readonly studio: StudioExecutions;

  constructor(scope: Construct, id: string, props: StudioExecutionsProps & StackProps) {
    const { config, settings, bundlesDirectory, ...stackProps } = props;
    super(scope, id, {
      description: 'Trigger, find, end and purge Twilio Studio flow executions',
      ...stackProps,
    });
    this.studio = new StudioExecutions(this, 'Studio', {
      config,
      ...(settings && { settings }),
      ...(bundlesDirectory && { bundlesDirectory }),
    });
    const { api, storage, workerArn, alarms, settings: checked } = this.studio;
    this.#output('ApiUrl', api.url, 'Where callers reach the API');
    this.#output('SecretArn', storage.secret.ref, 'The secret to fill in before the first request');
    this.#output('TableName', storage.table.tableName, 'Idempotency keys and records of purges');
    this.#output('ArchiveBucketName', storage.archive.bucketName, 'Archives of purged executions');
    this.#output('CleanupFunctionArn', workerArn, 'The worker that purges');
    const reserved = runsIn(reservedBy(checked));
    this.#output(RESERVED_OUTPUT, String(reserved), 'Reserved concurrent runs; 0 for none');
    this.#output(
      'AlarmTopicArn',
      alarms.topic.topicArn,
      'The topic that alarms notify; add subscriptions as needed',
    );
  }

  #output(name: string, value: string, description: string): void {
    new CfnOutput(this, name, { value, description });
  }
}
