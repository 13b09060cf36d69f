import { Duration } from 'aws-cdk-lib';
import { type IMetric, MathExpression, Metric } from 'aws-cdk-lib/aws-cloudwatch';
import type { ProblemSlug } from '../../../lib/http/problems.ts';
import type { LogMessage } from '../../../lib/telemetry/log.ts';
import { daysToMiss } from './cleanup-gap.ts';
import { CENSUS_PERIOD, durableMetric, ourMetric, PERIOD, sumOf } from './metrics.ts';
import { everyFunction, type MonitoredResources } from './monitored-resources.ts';

const FAILED_REQUESTS = 5;
const SLOW_MS = 10_000;
const UNAVAILABLE_ANSWERS = 5;
/** A sender with a wrong token seldom sends as many; an attacker who guesses sends more. */
const REFUSED_REQUESTS = 50;
/** Of the calls to Studio: with less the retries keep up. */
const THROTTLED_PERCENT = 10;
/** Below, a percentage says nothing. */
const ENOUGH_CALLS = 50;
/** Lambda ends a run at 3,000 operations; the worker hands over to a new one well before 2,000. */
const OPERATIONS_NEAR_CAP = 2_400;
const A_DAY = Duration.days(1);

export type AlarmSpec = {
  /** The alarm's name and, with a `#` before it, its paragraph of the runbook. */
  id: string;
  says: string;
  metric: IMetric;
  threshold: number;
  /** How many periods in a row. Default: one. */
  periods?: number;
  below?: true;
  /** It is measured too seldom for every period to have a value: the last one goes on. */
  sparse?: true;
};

/** Every alarm of a deployment. A new one wants its paragraph in the runbook. */
export function alarmSpecs(monitored: MonitoredResources): AlarmSpec[] {
  const { name, stage } = monitored;
  const overAll = (metric: 'metricErrors' | 'metricThrottles', label: string) =>
    sumOf(
      Object.fromEntries(
        Object.entries(everyFunction(monitored)).map(([id, one]) => [id, one.function[metric]()]),
      ),
      label,
    );
  const answered = (outcome: ProblemSlug) => ourMetric(name, 'requests', { outcome });
  const trouble = (message: LogMessage) => ourMetric(name, 'trouble', { message });
  return [
    {
      id: 'functions-fail',
      says: 'A function crashed, ran out of time or memory, or could not start.',
      metric: overAll('metricErrors', 'Errors'),
      threshold: 1,
    },
    {
      id: 'functions-throttled',
      says: 'Lambda refused to run a function: the account, or what is reserved, has no concurrency left.',
      metric: overAll('metricThrottles', 'Throttles'),
      threshold: 1,
    },
    {
      id: 'api-fails',
      says: 'Callers are answered with 5xx.',
      metric: stage.metricServerError({ statistic: 'Sum' }),
      threshold: FAILED_REQUESTS,
    },
    {
      id: 'api-slow',
      says: 'One request in a hundred waits for ten seconds and more.',
      metric: stage.metricLatency({ statistic: 'p99' }),
      threshold: SLOW_MS,
      periods: 3,
    },
    {
      id: 'studio-refuses-credentials',
      says: 'Twilio refuses the API key of the secret.',
      metric: answered('studio-refused-credentials'),
      threshold: 1,
    },
    {
      id: 'studio-unavailable',
      says: 'Studio cannot be reached, or answers what cannot be read.',
      metric: sumOf(
        { unavailable: answered('studio-unavailable'), nonsense: answered('studio-answered-nonsense') },
        'Unavailable',
      ),
      threshold: UNAVAILABLE_ANSWERS,
      periods: 2,
    },
    {
      id: 'studio-throttles',
      says: 'Studio refuses many of our calls as too many.',
      metric: throttledPercent(monitored),
      threshold: THROTTLED_PERCENT,
      periods: 3,
    },
    {
      id: 'callers-refused',
      says: 'Many requests carry no valid credentials (401), or ask for what their caller may not do (403).',
      metric: sumOf(
        { unauthenticated: answered('unauthenticated'), forbidden: answered('forbidden') },
        'Refused',
      ),
      threshold: REFUSED_REQUESTS,
    },
    {
      id: 'outcome-unknown',
      says: 'A caller was told that nobody knows whether the execution was created.',
      metric: answered('outcome-unknown'),
      threshold: 1,
    },
    {
      id: 'secret-unreadable',
      says: 'The secret is empty, has mistakes, or cannot be read.',
      metric: trouble('secret could not be read'),
      threshold: 1,
    },
    {
      id: 'claim-unsettled',
      says: 'The answer to a trigger could not be kept with its key.',
      metric: trouble('claim could not be settled'),
      threshold: 1,
    },
    ...purgeSpecs(monitored),
  ];
}

function purgeSpecs({ name, settings, worker }: MonitoredResources): AlarmSpec[] {
  const durable = (metricName: string, statistic = 'Sum') =>
    durableMetric(worker.worker.function, metricName, { statistic });
  const specs: AlarmSpec[] = [
    {
      id: 'dead-letters',
      says: 'Something that the worker was to do gave up.',
      metric: worker.deadLetters.metricApproximateNumberOfMessagesVisible({ statistic: 'Maximum' }),
      threshold: 1,
    },
    {
      id: 'cleanup-failed',
      says: 'A purge failed.',
      metric: sumOf(
        {
          failed: durable('DurableExecutionFailed'),
          timedOut: durable('DurableExecutionTimedOut'),
          recorded: ourMetric(name, 'purgesEnded', { outcome: 'failed' }),
        },
        'Failed purges',
      ),
      threshold: 1,
    },
    {
      id: 'cleanup-left-behind',
      says: 'A purge selected executions that it could not delete or end.',
      metric: ourMetric(name, 'purgeFailed'),
      threshold: 1,
    },
    {
      id: 'cleanup-near-cap',
      says: 'A run of the worker comes near the 3,000 operations at which Lambda ends it.',
      metric: durable('DurableExecutionOperations', 'Maximum'),
      threshold: OPERATIONS_NEAR_CAP,
    },
  ];
  if (settings.stuckAlarm !== undefined)
    specs.push({
      id: 'executions-stuck',
      says: 'Executions have been active for over a week.',
      metric: ourMetric(name, 'activeOverWeek', {}, { statistic: 'Maximum', period: CENSUS_PERIOD }),
      threshold: settings.stuckAlarm,
      sparse: true,
    });
  const days = settings.schedule === false ? undefined : daysToMiss(settings.schedule);
  // Two alarms: purges that callers start would hide a schedule that does not, and a start has its end on another day.
  if (days !== undefined && worker.schedule)
    specs.push(
      {
        id: 'cleanup-not-started',
        says: 'The schedule should have started the worker by now, and has not.',
        metric: new Metric({
          namespace: 'AWS/Events',
          metricName: 'Invocations',
          dimensionsMap: { RuleName: worker.schedule.ruleName },
          statistic: 'Sum',
          period: A_DAY,
        }),
        threshold: 1,
        periods: days,
        below: true,
      },
      {
        id: 'cleanup-missing',
        says: 'The schedule should have purged by now, and no purge has come to its end.',
        metric: ourMetric(name, 'purgesEnded', { outcome: 'succeeded' }, { period: A_DAY }),
        threshold: 1,
        periods: days,
        below: true,
      },
    );
  return specs;
}

function throttledPercent({ name }: MonitoredResources) {
  return new MathExpression({
    expression: `IF(calls >= ${ENOUGH_CALLS}, 100 * throttled / calls, 0)`,
    usingMetrics: {
      calls: ourMetric(name, 'upstreamCalls'),
      throttled: ourMetric(name, 'upstreamThrottled'),
    },
    label: 'Throttled',
    period: PERIOD,
  });
}
