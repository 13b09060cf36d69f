import { Duration } from 'aws-cdk-lib';
import { type IMetric, MathExpression, Metric } from 'aws-cdk-lib/aws-cloudwatch';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { METRICS, type MetricKey } from '../../lib/metrics.ts';

/** What alarms and graphs are drawn at, unless one says otherwise. */
export const PERIOD = Duration.minutes(5);

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
  options: { where?: string; statistic?: string; label?: string } = {},
): MathExpression {
  const { where = '', statistic = 'Sum', label = '' } = options;
  const schema = [namespace, ...dimensions].map((part) => `"${part}"`).join(',');
  const search = `{${schema}} MetricName="${METRICS[key].name}" ${where}`.trim();
  return new MathExpression({
    expression: `SEARCH('${search}', '${statistic}', ${PERIOD.toSeconds()})`,
    usingMetrics: {},
    label,
    period: PERIOD,
  });
}
