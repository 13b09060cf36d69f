import { Duration } from 'aws-cdk-lib';
import { type IMetric, MathExpression, Metric } from 'aws-cdk-lib/aws-cloudwatch';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { METRICS, type MetricKey } from '../../../lib/telemetry/metrics.ts';

/** What alarms and graphs are drawn at, unless one says otherwise. */
export const PERIOD = Duration.minutes(5);

/** Active executions are counted once an hour by default: a shorter period would be gaps mostly. */
export const CENSUS_PERIOD = Duration.hours(1);

/** One of the functions' own metrics, named where the functions name it. */
export function ourMetric(
  namespace: string,
  key: MetricKey,
  dimensionsMap: Record<string, string> = {},
  options: { statistic?: string; period?: Duration; label?: string } = {},
): Metric {
  return new Metric({
    namespace,
    metricName: METRICS[key].name,
    dimensionsMap,
    statistic: 'Sum',
    period: PERIOD,
    ...options,
  });
}

/** Lambda's metrics of durable runs, which CDK has no methods for yet. */
export function durableMetric(
  worker: LambdaFunction,
  metricName: string,
  options: { statistic?: string; label?: string } = {},
): Metric {
  return new Metric({
    namespace: 'AWS/Lambda',
    metricName,
    dimensionsMap: { FunctionName: worker.functionName },
    statistic: 'Sum',
    period: PERIOD,
    ...options,
  });
}

/** The sum of metrics of which some may have no data. */
export function sumOf(metrics: Record<string, IMetric>, label: string): MathExpression {
  return new MathExpression({
    expression: Object.keys(metrics)
      .map((name) => `FILL(${name},0)`)
      .join('+'),
    usingMetrics: metrics,
    label,
    period: PERIOD,
  });
}

/** A count's rate, from the period of whatever the graph is drawn at. */
export function perSecond(metric: Metric, label: string): MathExpression {
  return new MathExpression({
    expression: 'counted / PERIOD(counted)',
    usingMetrics: { counted: metric },
    label,
    period: PERIOD,
  });
}

/** A line for each value that a dimension takes, without naming the values. */
export function eachOf(
  namespace: string,
  key: MetricKey,
  dimensions: readonly string[],
  options: { where?: string; statistic?: string; label?: string; period?: Duration } = {},
): MathExpression {
  const { where = '', statistic = 'Sum', label = '', period = PERIOD } = options;
  return new MathExpression({
    expression: search(namespace, key, dimensions, { where, statistic, period }),
    usingMetrics: {},
    label,
    period,
  });
}

/** Of what is counted once a period for each flow: the sum over all flows. */
export function overFlows(namespace: string, key: MetricKey, label: string): MathExpression {
  const each = search(namespace, key, ['flow'], { where: '', statistic: 'Maximum', period: CENSUS_PERIOD });
  return new MathExpression({
    expression: `SUM(${each})`,
    usingMetrics: {},
    label,
    period: CENSUS_PERIOD,
  });
}

function search(
  namespace: string,
  key: MetricKey,
  dimensions: readonly string[],
  { where, statistic, period }: { where: string; statistic: string; period: Duration },
): string {
  const schema = [namespace, ...dimensions].map((part) => `"${part}"`).join(',');
  const wanted = `{${schema}} MetricName="${METRICS[key].name}" ${where}`.trim();
  return `SEARCH('${wanted}', '${statistic}', ${period.toSeconds()})`;
}
