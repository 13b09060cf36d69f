import { CfnOutput, Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { RESERVED_OUTPUT, reservedBy, runsIn } from './constructs/api/reserved.ts';
import { StudioExecutions, type StudioExecutionsProps } from './constructs/studio-executions.ts';

/** studio-executions as a stack of its own, with what one needs to know of it once it is deployed. */
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
    this.#output(RESERVED_OUTPUT, String(reserved), 'Runs at once that are set aside; 0 for none');
    this.#output('AlarmTopicArn', alarms.topic.topicArn, 'Where alarms are told; subscribe what you like');
  }

  #output(name: string, value: string, description: string): void {
    new CfnOutput(this, name, { value, description });
  }
}
