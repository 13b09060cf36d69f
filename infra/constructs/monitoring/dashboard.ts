import { Stack } from 'aws-cdk-lib';
import {
  type Alarm,
  AlarmStatusWidget,
  Dashboard,
  GraphWidget,
  GraphWidgetView,
  type IMetric,
  LogQueryWidget,
  SingleValueWidget,
  TextWidget,
} from 'aws-cdk-lib/aws-cloudwatch';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import type { RouteKey } from '../../../lib/http/routes.ts';
import {
  CENSUS_PERIOD,
  durableMetric,
  eachOf,
  everyFunction,
  type MonitoredResources,
  ourMetric,
  overFlows,
  perSecond,
} from './metrics.ts';

const TRIGGER = 'POST /flows/{flow}/executions' satisfies RouteKey;
/** CloudWatch's grid is 24 columns wide. */
const QUARTER = 6;
const THIRD = 8;
const HALF = 12;
const WHOLE = 24;
const HEIGHT = 6;

/** The dashboard: triggers, calls to Studio, purges, functions, error lines and links. */
export class Overview extends Construct {
  readonly dashboard: Dashboard;

  constructor(scope: Construct, id: string, monitored: MonitoredResources, alarms: Alarm[]) {
    super(scope, id);
    this.dashboard = new Dashboard(this, 'Dashboard', {
      // Dashboard names are unique in an account, over all regions.
      dashboardName: `${monitored.name}-${Stack.of(this).region}`,
      widgets: [
        [
          links(this, monitored),
          new AlarmStatusWidget({ title: 'Alarms', alarms, width: HALF, height: HEIGHT }),
        ],
        triggerRow(monitored),
        studioRow(monitored),
        ...(monitored.settings.census === false ? [] : [activeRow(monitored)]),
        purgeRow(monitored),
        functionRow(monitored),
        [errorLines(monitored)],
      ],
    });
  }
}

function triggerRow({ name, stage }: MonitoredResources) {
  return [
    graph('Triggers by outcome', THIRD, [
      eachOf(name, 'requests', ['outcome', 'route'], { where: `route="${TRIGGER}"` }),
    ]),
    graph('Duplicates avoided', THIRD, [ourMetric(name, 'replays', { label: 'Answered from the record' })]),
    graph('What callers wait for (ms)', THIRD, [
      stage.metricLatency({ statistic: 'p50', label: 'p50' }),
      stage.metricLatency({ statistic: 'p99', label: 'p99' }),
      eachOf(name, 'duration', ['route'], {
        statistic: 'p99',
        where: `route="${TRIGGER}"`,
        label: 'p99 inside',
      }),
    ]),
  ];
}

function studioRow({ name, stage }: MonitoredResources) {
  return [
    graph('Calls to Studio', THIRD, [
      ourMetric(name, 'upstreamCalls', { label: 'Calls' }),
      ourMetric(name, 'upstreamThrottled', { label: 'Throttled (429)' }),
    ]),
    graph('Studio’s time in a request (ms)', THIRD, [
      ourMetric(name, 'upstreamDuration', { statistic: 'p50', label: 'p50' }),
      ourMetric(name, 'upstreamDuration', { statistic: 'p99', label: 'p99' }),
    ]),
    graph('Requests that failed', THIRD, [
      stage.metricClientError({ statistic: 'Sum', label: '4xx' }),
      stage.metricServerError({ statistic: 'Sum', label: '5xx' }),
      ourMetric(name, 'requests', {
        dimensionsMap: { outcome: 'unauthenticated' },
        label: 'No valid credentials (401)',
      }),
      ourMetric(name, 'requests', { dimensionsMap: { outcome: 'forbidden' }, label: 'Not allowed (403)' }),
      eachOf(name, 'trouble', ['message']),
    ]),
  ];
}

function activeRow({ name }: MonitoredResources) {
  return [
    graph('Active executions by age', HALF, [
      overFlows(name, 'activeOverWeek', 'Over a week'),
      overFlows(name, 'activeUnderWeek', '1 to 7 days'),
      overFlows(name, 'activeUnderDay', '1 to 24 hours'),
      overFlows(name, 'activeUnderHour', 'Under an hour'),
      overFlows(name, 'censusCut', 'Flows not counted to the end'),
    ]),
    graph('Active for over a week', HALF, [
      eachOf(name, 'activeOverWeek', ['flow'], { statistic: 'Maximum', period: CENSUS_PERIOD }),
    ]),
  ];
}

function purgeRow({ name, worker }: MonitoredResources) {
  const worked = worker.worker.function;
  const most = (metric: string, label: string) =>
    durableMetric(worked, metric, { statistic: 'Maximum', label });
  return [
    graph('Purged', QUARTER, [
      ourMetric(name, 'purgeListed', { label: 'Listed' }),
      ourMetric(name, 'purgeEnded', { label: 'Ended' }),
      ourMetric(name, 'purgeDeleted', { label: 'Deleted' }),
      ourMetric(name, 'purgeFailed', { label: 'Left behind' }),
    ]),
    graph('Deleted a second', QUARTER, [perSecond(ourMetric(name, 'purgeDeleted'), 'Mean of five minutes')]),
    graph('Purges', QUARTER, [
      eachOf(name, 'purgesEnded', ['outcome']),
      durableMetric(worked, 'DurableExecutionStarted', { label: 'Runs started, counting too' }),
      durableMetric(worked, 'DurableExecutionFailed', { label: 'Runs failed' }),
    ]),
    new SingleValueWidget({
      title: 'The worker now',
      width: QUARTER,
      height: HEIGHT,
      metrics: [
        most('ApproximateRunningDurableExecutions', 'Running'),
        most('DurableExecutionOperations', 'Operations, of 3,000'),
        worker.deadLetters.metricApproximateNumberOfMessagesVisible({ label: 'Dead letters' }),
      ],
    }),
  ];
}

function functionRow(monitored: MonitoredResources) {
  const every = Object.entries(everyFunction(monitored));
  const ofEach = (title: string, metric: (one: LambdaFunction, label: string) => IMetric) => {
    const metrics = every.map(([label, one]) => metric(one.function, label));
    return graph(title, THIRD, metrics);
  };
  return [
    ofEach('Errors', (one, label) => one.metricErrors({ label })),
    ofEach('Throttles', (one, label) => one.metricThrottles({ label })),
    ofEach('Runs at once', (one, label) =>
      one.metric('ConcurrentExecutions', { label, statistic: 'Maximum' }),
    ),
  ];
}

function errorLines(monitored: MonitoredResources): LogQueryWidget {
  return new LogQueryWidget({
    title: 'What went wrong',
    width: WHOLE,
    height: HEIGHT,
    logGroupNames: Object.values(everyFunction(monitored)).map(({ logGroup }) => logGroup.logGroupName),
    queryLines: [
      'fields @timestamp, function_name, message, route, flow, outcome, requestId, errors.0',
      'filter level = "ERROR"',
      'sort @timestamp desc',
      'limit 50',
    ],
  });
}

function links(scope: Construct, monitored: MonitoredResources): TextWidget {
  const { region } = Stack.of(scope);
  const console = `https://${region}.console.aws.amazon.com`;
  const logs = Object.entries(everyFunction(monitored)).map(
    ([name, { logGroup }]) =>
      `[${name}](${console}/cloudwatch/home?region=${region}#logsV2:log-groups/log-group/${logGroup.logGroupName})`,
  );
  return new TextWidget({
    width: HALF,
    height: HEIGHT,
    markdown: [
      `# ${monitored.name}`,
      `Runbook: ${monitored.settings.runbookUrl}`,
      `Logs: ${logs.join(' · ')}`,
      `[Dead letters](${console}/sqs/v3/home?region=${region}) · [Traces](${console}/cloudwatch/home?region=${region}#xray:traces)`,
    ].join('\n\n'),
  });
}

function graph(title: string, width: number, left: IMetric[]): GraphWidget {
  return new GraphWidget({ title, left, width, height: HEIGHT, view: GraphWidgetView.TIME_SERIES });
}
