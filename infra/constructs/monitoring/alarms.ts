import { readFileSync } from 'node:fs';
import { Stack, Validations } from 'aws-cdk-lib';
import { Alarm, ComparisonOperator, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { Key } from 'aws-cdk-lib/aws-kms';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import { Construct } from 'constructs';
import { type AlarmSpec, alarmSpecs } from './alarm-specs.ts';
import type { MonitoredResources } from './metrics.ts';

const runbook = readFileSync(new URL('../../RUNBOOK.md', import.meta.url), 'utf8');
/** CloudWatch's maximum for an alarm's description. */
const DESCRIPTION_LENGTH = 1_024;

/** The alarms, and the topic that they notify. Each description links to the runbook. */
export class Alarms extends Construct {
  readonly topic: Topic;
  readonly alarms: Alarm[];

  constructor(scope: Construct, id: string, monitored: MonitoredResources & { key: Key | undefined }) {
    super(scope, id);
    const { settings, key, name } = monitored;
    this.topic = new Topic(this, 'Topic', { enforceSSL: true, ...(key && { masterKey: key }) });
    // `enforceSSL` adds a policy, which replaces the default one that admits the account's alarms.
    this.topic.addToResourcePolicy(
      new PolicyStatement({
        sid: 'AlarmsOfThisAccount',
        principals: [new ServicePrincipal('cloudwatch.amazonaws.com')],
        actions: ['sns:Publish'],
        resources: [this.topic.topicArn],
        conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(this).account } },
      }),
    );
    if (settings.alarmEmail !== undefined)
      this.topic.addSubscription(new EmailSubscription(settings.alarmEmail));
    Validations.of(this.topic).acknowledge({
      id: 'Serverless-SNSRedrivePolicy',
      reason: 'A mail that cannot be delivered is not sent again later; the alarm itself still shows',
    });

    this.alarms = Object.entries(alarmSpecs(monitored)).map(([alarmId, spec]) => {
      const alarm = new Alarm(this, alarmId, {
        alarmName: `${name}-${alarmId}`,
        alarmDescription: alarmDescription(alarmId, spec.says, settings.runbookUrl),
        metric: spec.metric,
        threshold: spec.threshold ?? 1,
        evaluationPeriods: spec.periods ?? 1,
        comparisonOperator: spec.below
          ? ComparisonOperator.LESS_THAN_THRESHOLD
          : ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
        treatMissingData: missing(spec),
      });
      alarm.addAlarmAction(new SnsAction(this.topic));
      alarm.addOkAction(new SnsAction(this.topic));
      return alarm;
    });
  }
}

function missing({ below, sparse }: AlarmSpec): TreatMissingData {
  if (below) return TreatMissingData.BREACHING;
  return sparse ? TreatMissingData.IGNORE : TreatMissingData.NOT_BREACHING;
}

/**
 * Describes an alarm: what is wrong, what to do, and where the runbook is, which need not be on the web.
 * Throws if the runbook has no such paragraph.
 */
function alarmDescription(id: string, says: string, runbookUrl: string): string {
  const link = ` ${runbookUrl}#${id}`;
  const told = `${says} What to do: ${whatToDo(id)}`;
  const room = DESCRIPTION_LENGTH - link.length;
  return `${told.length <= room ? told : `${told.slice(0, room - 1).replace(/ \S*$/, '')}…`}${link}`;
}

/** Returns the last part of the alarm's paragraph, without its markup. */
function whatToDo(id: string): string {
  const paragraph = runbook.split(`\n## ${id}\n`)[1]?.split('\n## ')[0];
  const found = /^\*\*Do\*\*: (.*)$/m.exec(paragraph ?? '')?.[1];
  if (found === undefined) throw new Error(`infra/RUNBOOK.md does not say what to do at ${id}`);
  return found.replaceAll(/\[([^\]]+)\]\([^)]*\)/g, '$1').replaceAll(/[`*]/g, '');
}
