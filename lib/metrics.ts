/**
 * Metrics in CloudWatch's embedded metric format: members of a log line that CloudWatch reads numbers from.
 * Dimensions are bounded: a route, an outcome or a flow's alias, never a SID and never an address.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
 */
export const METRIC_NAMESPACE = 'StudioExecutions';

export const METRICS = {
  /** One for each request. */
  requests: { name: 'Requests', unit: 'Count' },
  duration: { name: 'Duration', unit: 'Milliseconds' },
  upstreamCalls: { name: 'UpstreamCalls', unit: 'Count' },
  upstreamThrottled: { name: 'UpstreamThrottled', unit: 'Count' },
  upstreamDuration: { name: 'UpstreamDuration', unit: 'Milliseconds' },
  purgeListed: { name: 'PurgeListed', unit: 'Count' },
  purgeDeleted: { name: 'PurgeDeleted', unit: 'Count' },
  purgeEnded: { name: 'PurgeEnded', unit: 'Count' },
  purgeFailed: { name: 'PurgeFailed', unit: 'Count' },
} as const satisfies Record<string, { name: string; unit: 'Count' | 'Milliseconds' }>;

export type MetricKey = keyof typeof METRICS;

export type Metrics = {
  /** Sets of dimension names; each name is a member of the log line. */
  dimensions: readonly (readonly ('route' | 'outcome' | 'flow' | 'policy')[])[];
  values: { readonly [K in MetricKey]?: number };
};

/** What is put into a log line beside its fields. */
export function metricsMember(metrics: Metrics, timestampMs: number): Record<string, unknown> {
  const entries = Object.entries(metrics.values).filter(isMetric);
  return {
    _aws: {
      Timestamp: timestampMs,
      CloudWatchMetrics: [
        {
          Namespace: METRIC_NAMESPACE,
          Dimensions: metrics.dimensions,
          Metrics: entries.map(([key]) => ({ Name: METRICS[key].name, Unit: METRICS[key].unit })),
        },
      ],
    },
    ...Object.fromEntries(entries.map(([key, value]) => [METRICS[key].name, value])),
  };
}

function isMetric(entry: [string, number | undefined]): entry is [MetricKey, number] {
  return Object.hasOwn(METRICS, entry[0]) && entry[1] !== undefined;
}
