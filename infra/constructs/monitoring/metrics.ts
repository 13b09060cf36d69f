import { Duration } from 'aws-cdk-lib';
import type { HttpStage } from 'aws-cdk-lib/aws-apigatewayv2';
import { type IMetric, MathExpression, Metric, type MetricOptions } from 'aws-cdk-lib/aws-cloudwatch';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import type { FunctionName } from '../../../lib/http/routes.ts';
import { METRICS, type MetricKey } from '../../../lib/telemetry/metrics.ts';
import type { StudioFunction } from '../api/studio-function.ts';
import type { Settings } from '../deployment-settings.ts';
import type { Worker } from '../worker/worker.ts';

/** The resources that the alarms and the dashboard monitor. */
export type MonitoredResources = {
  /** The deployment's name: prefix of the alarms, namespace of the functions' metrics. */
  name: string;
  settings: Settings;
  stage: HttpStage;
  functions: Record<FunctionName, StudioFunction>;
  worker: Worker;
};

/** Every function of a deployment. */
export function everyFunction({ functions, worker }: MonitoredResources): Record<string, StudioFunction> {
  return { ...functions, cleanup: worker.worker };
}

/** The default period of alarms and graphs. */
export const PERIOD = Duration.minutes(5);

/** Active executions are counted once an hour by default: a shorter period would have gaps. */
export const CENSUS_PERIOD = Duration.hours(1);

/** One of the functions' own metrics: by default its sum over five minutes. */
export function ourMetric(namespace: string, key: MetricKey, options: MetricOptions = {}): Metric {
  return new Metric({
    namespace,
    metricName: METRICS[key].name,
    statistic: 'Sum',
    period: PERIOD,
    ...options,
  });
}

/** A metric of the worker's durable runs, which CDK has no method for. */
export function durableMetric(
  worker: LambdaFunction,
  metricName: string,
  options: MetricOptions = {},
): Metric {
  return worker.metric(metricName, { statistic: 'Sum', ...options });
}

/** The sum of metrics of which some may have no data. */
export function sumOf(metrics: Record<string, IMetric>, label: string): MathExpression {
  const filled = Object.keys(metrics).map((name) => `FILL(${name},0)`);
  return new MathExpression({ expression: filled.join('+'), usingMetrics: metrics, label, period: PERIOD });
}

/** Divides a count by the period of the graph. */
export function perSecond(metric: Metric, label: string): MathExpression {
  const expression = 'counted / PERIOD(counted)';
  return new MathExpression({ expression, usingMetrics: { counted: metric }, label, period: PERIOD });
}

/** Draws a line for each value of a dimension. */
export function eachOf(
  namespace: string,
  key: MetricKey,
  dimensions: readonly string[],
  options: { where?: string; statistic?: string; label?: string; period?: Duration } = {},
): MathExpression {
  const { where = '', statistic = 'Sum', label = '', period = PERIOD } = options;
  const schema = [namespace, ...dimensions].map((part) => `"${part}"`).join(',');
  const wanted = `{${schema}} MetricName="${METRICS[key].name}" ${where}`.trim();
  const expression = `SEARCH('${wanted}', '${statistic}', ${period.toSeconds()})`;
  return new MathExpression({ expression, usingMetrics: {}, label, period });
}

/** Sums a count of the census over all flows. */
export function overFlows(namespace: string, key: MetricKey, label: string): MathExpression {
  const period = CENSUS_PERIOD;
  const { expression } = eachOf(namespace, key, ['flow'], { statistic: 'Maximum', period });
  return new MathExpression({ expression: `SUM(${expression})`, usingMetrics: {}, label, period });
}
