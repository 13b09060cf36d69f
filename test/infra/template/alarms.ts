import { readFileSync } from 'node:fs';
import { Match, type Template } from 'aws-cdk-lib/assertions';
import { beforeAll, describe, expect, it } from 'vitest';
import type { SettingsInput } from '../../../infra/constructs/deployment-settings.ts';
import { gapHours } from '../../../infra/constructs/worker/schedule.ts';
import { sampleConfig, synthesize } from '../../support/synthesized.ts';

const readme = readFileSync(new URL('../../../README.md', import.meta.url), 'utf8');
const runbook = readFileSync(new URL('../../../infra/RUNBOOK.md', import.meta.url), 'utf8');

/** Dollars a month. */
const PRICE_OF_ALARM_METRIC = 0.1;

/** What each alarm of the issue looks at: the metrics, how they are taken together, when it rings, for how many periods. */
const WATCHED: [string, string][] = [
  ['functions-fail', 'AWS/Lambda Errors Sum of 6 >= 1, 1 × 300 s'],
  ['functions-throttled', 'AWS/Lambda Throttles Sum of 6 >= 1, 1 × 300 s'],
  ['api-fails', 'AWS/ApiGateway 5xx Sum >= 5, 1 × 300 s'],
  ['api-slow', 'AWS/ApiGateway Latency p99 >= 10000, 3 × 300 s'],
  ['studio-refuses-credentials', 'Test-Studio Requests Sum >= 1, 1 × 300 s'],
  ['studio-unavailable', 'Test-Studio Requests Sum of 2 >= 5, 2 × 300 s'],
  ['studio-throttles', 'Test-Studio UpstreamCalls/UpstreamThrottled Sum of 2 >= 10, 3 × 300 s'],
  ['callers-refused', 'Test-Studio Requests Sum of 2 >= 50, 1 × 300 s'],
  ['outcome-unknown', 'Test-Studio Requests Sum >= 1, 1 × 300 s'],
  ['secret-unreadable', 'Test-Studio Trouble Sum >= 1, 1 × 300 s'],
  ['claim-unsettled', 'Test-Studio Trouble Sum >= 1, 1 × 300 s'],
  ['dead-letters', 'AWS/SQS ApproximateNumberOfMessagesVisible Maximum >= 1, 1 × 300 s'],
  [
    'cleanup-failed',
    'AWS/Lambda/Test-Studio DurableExecutionFailed/DurableExecutionTimedOut/PurgesEnded Sum of 3 >= 1, 1 × 300 s',
  ],
  ['cleanup-left-behind', 'Test-Studio PurgeFailed Sum >= 1, 1 × 300 s'],
  ['cleanup-near-cap', 'AWS/Lambda DurableExecutionOperations Maximum >= 2400, 1 × 300 s'],
  ['executions-stuck', 'Test-Studio ActiveOverWeek Maximum >= 1, 1 × 3600 s'],
  ['cleanup-not-started', 'AWS/Events Invocations Sum < 1, 2 × 86400 s'],
  ['cleanup-missing', 'Test-Studio PurgesEnded Sum < 1, 2 × 86400 s'],
];

type Looked = { Namespace: string; MetricName: string };

type Alarm = {
  AlarmName: string;
  AlarmDescription: string;
  AlarmActions: unknown[];
  OKActions: unknown[];
  TreatMissingData: string;
  /** Of those that compute with several. */
  Metrics?: { MetricStat?: { Metric: Looked; Period: number; Stat: string } }[];
  Period?: number;
  Statistic?: string;
  ExtendedStatistic?: string;
  EvaluationPeriods: number;
  Threshold: number;
  ComparisonOperator: string;
};

function alarmsOf(template: Template): Alarm[] {
  return Object.values(template.findResources('AWS::CloudWatch::Alarm')).map(({ Properties }) => Properties);
}

function watchedBy(alarm: Alarm & Partial<Looked>): string {
  const {
    Namespace = '',
    MetricName = '',
    Period = 0,
    Statistic = '',
    ExtendedStatistic = Statistic,
  } = alarm;
  const several = (alarm.Metrics ?? []).flatMap(({ MetricStat }) => MetricStat ?? []);
  const one = { Metric: { Namespace, MetricName }, Period, Stat: ExtendedStatistic };
  const looked = several.length > 0 ? several : [one];
  const every = (of: (stat: typeof one) => unknown) => [...new Set(looked.map(of))].join('/');
  const what = [
    every(({ Metric }) => Metric.Namespace),
    every(({ Metric }) => Metric.MetricName),
    every(({ Stat }) => Stat),
    ...(several.length > 0 ? [`of ${several.length}`] : []),
    alarm.ComparisonOperator === 'LessThanThreshold' ? '<' : '>=',
    alarm.Threshold,
  ];
  return `${what.join(' ')}, ${alarm.EvaluationPeriods} × ${every((stat) => stat.Period)} s`;
}

/** What the runbook names of other consoles. */
const ELSEWHERE = ['API keys', 'Concurrent executions', 'Poll for messages', 'Monitoring'];

const paragraphs = [...runbook.matchAll(/^## (\S+)$/gm)].map(([, id]) => id ?? '');

describe('the alarms', () => {
  let template: Template;
  beforeAll(() => {
    ({ template } = synthesize());
  });

  it('and the paragraphs of the runbook are the same set', () => {
    const linked = alarmsOf(synthesize({ stuckAlarm: 1 }).template).map(
      ({ AlarmDescription }) => AlarmDescription.split('infra/RUNBOOK.md#')[1],
    );
    expect(linked.toSorted()).toEqual(paragraphs.toSorted());
  });

  it('look at what they say, and ring when they say', () => {
    const watched = alarmsOf(synthesize({ stuckAlarm: 1 }).template).map((alarm) => [
      alarm.AlarmName.replace('Test-Studio-', ''),
      watchedBy(alarm),
    ]);
    expect(Object.fromEntries(watched)).toEqual(Object.fromEntries(WATCHED));
  });

  it.each(paragraphs)('%s: the runbook says what it means, where to look and what to do', (id) => {
    const paragraph = runbook.split(`## ${id}\n`)[1]?.split('\n## ')[0] ?? '';
    for (const part of ['**Means**: ', '**Look**: ', '**Do**: ']) expect(paragraph).toContain(part);
    for (const [, anchor = ''] of paragraph.matchAll(/\]\(#([^)]+)\)/g)) expect(paragraphs).toContain(anchor);
  });

  it('say themselves what to do, in as many characters as CloudWatch takes', () => {
    const longUrl = `https://wiki.example.com/${'a'.repeat(775)}`;
    for (const { AlarmDescription } of alarmsOf(synthesize({ runbookUrl: longUrl }).template)) {
      expect(AlarmDescription.length).toBeLessThanOrEqual(1_024);
      expect(AlarmDescription).toContain(` ${longUrl}#`);
      expect(AlarmDescription).not.toMatch(/[`*]|\]\(/);
    }
    const [credentials] = alarmsOf(template).filter(({ AlarmName }) => AlarmName.endsWith('-credentials'));
    expect(credentials?.AlarmDescription).toBe(
      'Twilio refuses the API key of the secret. What to do: make a new key and put it into the secret (SecretArn of the ' +
        "stack's outputs). It is in use within five minutes; no deployment. Then delete the old one. " +
        'infra/RUNBOOK.md#studio-refuses-credentials',
    );
  });

  it('look at as many metrics as the README’s costs count', () => {
    const looked = alarmsOf(template)
      .map(({ Metrics }) => Metrics?.filter((one) => one.MetricStat).length ?? 1)
      .reduce((sum, one) => sum + one, 0);
    expect(readme).toContain(`${looked} alarm metrics $${(looked * PRICE_OF_ALARM_METRIC).toFixed(2)}`);
  });

  it('are told to the topic, when they begin and when they end', () => {
    for (const { AlarmActions, OKActions } of alarmsOf(template)) {
      expect(JSON.stringify(AlarmActions)).toContain('AlarmsTopic');
      expect(OKActions).toEqual(AlarmActions);
    }
  });

  it('may be published to the topic, over TLS only', () => {
    template.hasResourceProperties('AWS::SNS::TopicPolicy', {
      PolicyDocument: {
        Statement: Match.arrayWith([
          Match.objectLike({ Effect: 'Deny', Condition: { Bool: { 'aws:SecureTransport': 'false' } } }),
          Match.objectLike({
            Effect: 'Allow',
            Action: 'sns:Publish',
            Principal: { Service: 'cloudwatch.amazonaws.com' },
          }),
        ]),
      },
    });
  });

  it('are silent where there is no traffic, but for a cleanup that does not come', () => {
    const loud = alarmsOf(template).filter(({ TreatMissingData }) => TreatMissingData !== 'notBreaching');
    expect(loud.map(({ AlarmName }) => AlarmName)).toEqual([
      'Test-Studio-cleanup-not-started',
      'Test-Studio-cleanup-missing',
    ]);
  });

  it('are named after their deployment, as the metrics of the functions are', () => {
    for (const { AlarmName } of alarmsOf(template)) expect(AlarmName).toMatch(/^Test-Studio-/);
    for (const { Properties } of Object.values(template.findResources('AWS::Lambda::Function')))
      expect(Properties['Environment'].Variables.POWERTOOLS_METRICS_NAMESPACE).toBe('Test-Studio');
  });

  it('reach nobody by mail until an address is configured', () => {
    template.resourceCountIs('AWS::SNS::Subscription', 0);
    const { template: told } = synthesize({ alarmEmail: 'ops@example.com' });
    told.hasResourceProperties('AWS::SNS::Subscription', { Protocol: 'email', Endpoint: 'ops@example.com' });
  });

  it('link to the team’s own copy of the runbook', () => {
    const { template: own } = synthesize({ runbookUrl: 'https://wiki.example.com/studio' });
    for (const { AlarmDescription } of alarmsOf(own))
      expect(AlarmDescription).toMatch(/ https:\/\/wiki\.example\.com\/studio#[a-z-]+$/);
  });

  it.each([
    ['without a schedule', { schedule: false } as const],
    ['with more than a week between two runs', { schedule: 'rate(10 days)' }],
    ['with a schedule that does not run every day', { schedule: 'cron(0 3 1 * ? *)' }],
  ])('wait for no cleanup %s', (_how, settings) => {
    const names = alarmsOf(synthesize(settings, sampleConfig).template).map(({ AlarmName }) => AlarmName);
    expect(names.filter((name) => /-cleanup-(missing|not-started)$/.test(name))).toEqual([]);
    expect(names).toHaveLength(alarmsOf(template).length - 2);
  });

  it.each([
    ['rate(1 hour)', 2],
    ['rate(1 day)', 2],
    ['cron(0 3 ? * MON-FRI *)', 4],
    ['rate(6 days)', 7],
  ])(
    'look for a start and for an end of %s in %i days, each by itself: a purge may end on another day',
    (schedule, days) => {
      const watching = alarmsOf(synthesize({ schedule }).template).filter(({ AlarmName }) =>
        /-cleanup-(missing|not-started)$/.test(AlarmName),
      );
      const window = { Statistic: 'Sum', Period: 86_400, EvaluationPeriods: days, Threshold: 1 };
      const below = { ...window, ComparisonOperator: 'LessThanThreshold', TreatMissingData: 'breaching' };
      expect(watching).toEqual([
        expect.objectContaining({
          ...below,
          Namespace: 'AWS/Events',
          MetricName: 'Invocations',
          Dimensions: [{ Name: 'RuleName', Value: { Ref: expect.stringContaining('WorkerSchedule') } }],
        }),
        expect.objectContaining({
          ...below,
          MetricName: 'PurgesEnded',
          Dimensions: [{ Name: 'outcome', Value: 'succeeded' }],
        }),
      ]);
    },
  );

  it('ring for what is stuck only where a number is given, since some flows wait for weeks on purpose', () => {
    const stuck = (settings: SettingsInput) =>
      alarmsOf(synthesize(settings).template).filter(({ AlarmName }) =>
        AlarmName.endsWith('-executions-stuck'),
      );
    expect(stuck({})).toEqual([]);
    expect(stuck({ stuckAlarm: 25 })).toEqual([
      expect.objectContaining({
        MetricName: 'ActiveOverWeek',
        Statistic: 'Maximum',
        Threshold: 25,
        // A census every six hours must not end the alarm for the five between.
        TreatMissingData: 'ignore',
      }),
    ]);
  });
});

describe('the longest gap of a schedule', () => {
  it.each([
    ['rate(1 day)', 24],
    ['rate(12 hours)', 12],
    ['rate(90 minutes)', 1.5],
    ['cron(0 3 * * ? *)', 24],
    ['cron(0/15 * ? * * *)', 24],
    ['cron(0 3 ? * MON *)', 168],
    ['cron(0 3 ? * MON-FRI *)', 72],
    ['cron(0 3 ? * 2,WED,SAT *)', 72],
    ['cron(0 3 ? * FRI-MON *)', 96],
    ['cron(0 3 ? * 2#1 *)', undefined],
    ['cron(0 3 ? * 2/2 *)', undefined],
    ['cron(0 3 * 1-11 ? *)', undefined],
    ['cron(0 3 * * ? 2026)', undefined],
    ['cron(0 3 1 * ? *)', undefined],
  ])('%s: %s hours', (schedule, hours) => {
    expect(gapHours(schedule)).toBe(hours);
  });
});

describe('the dashboard', () => {
  it('shows triggers, Studio, purges, functions and the last errors, and links to the logs', () => {
    const { template } = synthesize();
    const [dashboard] = Object.values(template.findResources('AWS::CloudWatch::Dashboard'));
    const body = JSON.stringify(dashboard);
    for (const title of [
      'Triggers by outcome',
      'Duplicates avoided',
      'What callers wait for (ms)',
      'Calls to Studio',
      'Throttled (429)',
      'Studio’s time in a request (ms)',
      'Requests that failed',
      'Active executions by age',
      'Purged',
      'Deleted a second',
      '/ PERIOD(',
      'Errors',
      'What went wrong',
    ])
      expect(body).toContain(title);
    expect(body).toContain('#logsV2:log-groups/log-group/');
  });

  it('has every graph that the runbook sends somebody to', () => {
    const body = JSON.stringify(synthesize().template.findResources('AWS::CloudWatch::Dashboard'));
    const shown = [...body.matchAll(/"(?:title|label)\\":\\"([^"\\]+)/g)].map(([, text = '']) =>
      text.replace('’', "'").replace(' (ms)', ''),
    );
    const sentTo = [...runbook.matchAll(/(?<!\*)\*([^*]+)\*(?!\*)/g)].map(([, text = '']) => text);
    expect(sentTo.filter((one) => !ELSEWHERE.includes(one) && !shown.includes(one))).toEqual([]);
    expect(sentTo.filter((one) => shown.includes(one)).length).toBeGreaterThan(8);
  });

  it('draws no active executions where nobody counts them', () => {
    const { template } = synthesize({ census: false });
    const body = JSON.stringify(template.findResources('AWS::CloudWatch::Dashboard'));
    expect(body).not.toContain('Active executions by age');
  });
});
