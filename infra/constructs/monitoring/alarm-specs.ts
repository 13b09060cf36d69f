import { Duration } from 'aws-cdk-lib';
import { type IMetric, MathExpression, Metric } from 'aws-cdk-lib/aws-cloudwatch';
import type { ProblemSlug } from '../../../lib/http/problems.ts';
import type { LogMessage } from '../../../lib/telemetry/log.ts';
import { daysToMiss } from '../worker/schedule.ts';
import {
  CENSUS_PERIOD,
  durableMetric,
  everyFunction,
  type MonitoredResources,
  ourMetric,
  PERIOD,
  sumOf,
} from './metrics.ts';

const FAILED_REQUESTS = 5;
const SLOW_MS = 10_000;
const UNAVAILABLE_ANSWERS = 5;
/** Above what a sender with a wrong token usually sends, below what guessing takes. */
const REFUSED_REQUESTS = 50;
/** Share of the calls to Studio. Below it, retries keep up. */
const THROTTLED_PERCENT = 10;
/** With fewer calls, the percentage is not meaningful. */
const ENOUGH_CALLS = 50;
/** Lambda ends a run at 3,000 operations; the worker starts a new run before 2,000. */
const OPERATIONS_NEAR_CAP = 2_400;
const A_DAY = Duration.days(1);

export type AlarmSpec = {
  says: string;
  metric: IMetric;
  /** Default: 1. */
  threshold?: number;
  /** The number of consecutive periods. Default: 1. */
  periods?: number;
  below?: true;
  /** The metric has no value in some periods; the alarm then keeps its state. */
  sparse?: true;
};

/** Alarms by name. The name is also the heading of the alarm's paragraph in the runbook. */
type AlarmSpecs = Record<string, AlarmSpec>;

/** Every alarm of a deployment. A new one needs its paragraph in the runbook. */
export function alarmSpecs(monitored: MonitoredResources): AlarmSpecs {
  const { name, stage } = monitored;
  const overAll = (metric: 'metricErrors' | 'metricThrottles', label: string) => {
    const every = Object.entries(everyFunction(monitored));
    return sumOf(Object.fromEntries(every.map(([id, one]) => [id, one.function[metric]()])), label);
  };
  const answered = (outcome: ProblemSlug) => ourMetric(name, 'requests', { dimensionsMap: { outcome } });
  const trouble = (message: LogMessage) => ourMetric(name, 'trouble', { dimensionsMap: { message } });
  const unavailable = {
    unavailable: answered('studio-unavailable'),
    nonsense: answered('studio-answered-nonsense'),
  };
  const refused = { unauthenticated: answered('unauthenticated'), forbidden: answered('forbidden') };
  return {
    'functions-fail': {
      says: 'A function crashed, ran out of time or memory, or could not start.',
      metric: overAll('metricErrors', 'Errors'),
    },
    'functions-throttled': {
      says: 'Lambda refused to run a function: the account, or what is reserved, has no concurrency left.',
      metric: overAll('metricThrottles', 'Throttles'),
    },
    'api-fails': {
      says: 'Callers are answered with 5xx.',
      metric: stage.metricServerError({ statistic: 'Sum' }),
      threshold: FAILED_REQUESTS,
    },
    'api-slow': {
      says: 'One request in a hundred takes ten seconds or more.',
      metric: stage.metricLatency({ statistic: 'p99' }),
      threshold: SLOW_MS,
      periods: 3,
    },
    'studio-refuses-credentials': {
      says: 'Twilio refuses the API key of the secret.',
      metric: answered('studio-refused-credentials'),
    },
    'studio-unavailable': {
      says: 'Studio cannot be reached, or its answers cannot be read.',
      metric: sumOf(unavailable, 'Unavailable'),
      threshold: UNAVAILABLE_ANSWERS,
      periods: 2,
    },
    'studio-throttles': {
      says: 'Studio answers many of our calls with 429 (too many requests).',
      metric: throttledPercent(monitored),
      threshold: THROTTLED_PERCENT,
      periods: 3,
    },
    'callers-refused': {
      says: 'Many requests carry no valid credentials (401), or ask for what their caller may not do (403).',
      metric: sumOf(refused, 'Refused'),
      threshold: REFUSED_REQUESTS,
    },
    'outcome-unknown': {
      says: 'A caller was told that it is unknown whether the execution was created.',
      metric: answered('outcome-unknown'),
    },
    'secret-unreadable': {
      says: 'The secret is empty, has mistakes, or cannot be read.',
      metric: trouble('secret could not be read'),
    },
    'claim-unsettled': {
      says: 'The answer to a trigger could not be kept with its key.',
      metric: trouble('claim could not be settled'),
    },
    ...purgeSpecs(monitored),
    ...scheduleSpecs(monitored),
  };
}

function purgeSpecs({ name, settings, worker }: MonitoredResources): AlarmSpecs {
  const failures = {
    failed: durableMetric(worker.worker.function, 'DurableExecutionFailed'),
    timedOut: durableMetric(worker.worker.function, 'DurableExecutionTimedOut'),
    recorded: ourMetric(name, 'purgesEnded', { dimensionsMap: { outcome: 'failed' } }),
  };
  return {
    'dead-letters': {
      says: 'The schedule or a purge could not start the worker, or a run of it failed.',
      metric: worker.deadLetters.metricApproximateNumberOfMessagesVisible({ statistic: 'Maximum' }),
    },
    'cleanup-failed': { says: 'A purge failed.', metric: sumOf(failures, 'Failed purges') },
    'cleanup-left-behind': {
      says: 'A purge selected executions that it could not delete or end.',
      metric: ourMetric(name, 'purgeFailed'),
    },
    'cleanup-near-cap': {
      says: 'A run of the worker comes near the 3,000 operations at which Lambda ends it.',
      metric: durableMetric(worker.worker.function, 'DurableExecutionOperations', { statistic: 'Maximum' }),
      threshold: OPERATIONS_NEAR_CAP,
    },
    ...(settings.stuckAlarm !== undefined && {
      'executions-stuck': {
        says: 'Executions have been active for over a week.',
        metric: ourMetric(name, 'activeOverWeek', { statistic: 'Maximum', period: CENSUS_PERIOD }),
        threshold: settings.stuckAlarm,
        sparse: true,
      },
    }),
  };
}

/**
 * Returns two alarms, because purges that callers start would hide a schedule that does not run, and a purge
 * may end on another day than it started.
 */
function scheduleSpecs({ name, settings, worker }: MonitoredResources): AlarmSpecs {
  const periods = settings.schedule === false ? undefined : daysToMiss(settings.schedule);
  if (periods === undefined || !worker.schedule) return {};
  return {
    'cleanup-not-started': {
      says: 'The schedule should have started the worker by now, and has not.',
      metric: new Metric({
        namespace: 'AWS/Events',
        metricName: 'Invocations',
        dimensionsMap: { RuleName: worker.schedule.ruleName },
        statistic: 'Sum',
        period: A_DAY,
      }),
      periods,
      below: true,
    },
    'cleanup-missing': {
      says: 'The schedule should have purged by now, and no purge has succeeded.',
      metric: ourMetric(name, 'purgesEnded', { dimensionsMap: { outcome: 'succeeded' }, period: A_DAY }),
      periods,
      below: true,
    },
  };
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
