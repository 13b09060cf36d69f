/**
 * Metrics in CloudWatch's embedded metric format: members of a log line that CloudWatch reads numbers from.
 * Dimensions are bounded: a route, an outcome, a flow's alias or a message, never a SID or an address.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
 */

/** The namespace, unless the environment names another one in Powertools' variable. */
export const METRIC_NAMESPACE = 'StudioExecutions';
export const METRIC_NAMESPACE_VARIABLE = 'POWERTOOLS_METRICS_NAMESPACE';

export const METRICS = {
  /** One for each request. */
  requests: { name: 'Requests', unit: 'Count' },
  duration: { name: 'Duration', unit: 'Milliseconds' },
  upstreamCalls: { name: 'UpstreamCalls', unit: 'Count' },
  upstreamThrottled: { name: 'UpstreamThrottled', unit: 'Count' },
  upstreamDuration: { name: 'UpstreamDuration', unit: 'Milliseconds' },
  /** Answers replayed for an idempotency key. */
  replays: { name: 'Replays', unit: 'Count' },
  /** One for each log line that an operator should look at. */
  trouble: { name: 'Trouble', unit: 'Count' },
  purgesEnded: { name: 'PurgesEnded', unit: 'Count' },
  purgeListed: { name: 'PurgeListed', unit: 'Count' },
  purgeDeleted: { name: 'PurgeDeleted', unit: 'Count' },
  purgeEnded: { name: 'PurgeEnded', unit: 'Count' },
  purgeFailed: { name: 'PurgeFailed', unit: 'Count' },
  /** Active executions by age. */
  activeUnderHour: { name: 'ActiveUnderHour', unit: 'Count' },
  activeUnderDay: { name: 'ActiveUnderDay', unit: 'Count' },
  activeUnderWeek: { name: 'ActiveUnderWeek', unit: 'Count' },
  activeOverWeek: { name: 'ActiveOverWeek', unit: 'Count' },
  /** Flows that had more active executions than were counted. */
  censusCut: { name: 'CensusCut', unit: 'Count' },
} as const satisfies Record<string, { name: string; unit: 'Count' | 'Milliseconds' }>;

export type MetricKey = keyof typeof METRICS;

/** Values, and the sets of dimensions to report each under. Dimensions are members of the line. */
type MetricDirective = {
  dimensions: readonly (readonly ('route' | 'outcome' | 'flow' | 'message')[])[];
  values: { readonly [K in MetricKey]?: number };
};

/** CloudWatch bills each value for each set of dimensions, so a line may have several directives. */
export type Metrics = readonly MetricDirective[];

/** Returns the members that a log line gets beside its fields. */
export function metricsMember(
  metrics: Metrics,
  timestampMs: number,
  namespace: string,
): Record<string, unknown> {
  const directives = metrics.map(({ dimensions, values }) => ({
    dimensions,
    entries: Object.entries(values).filter(isMetric),
  }));
  return {
    _aws: {
      Timestamp: timestampMs,
      CloudWatchMetrics: directives.map(({ dimensions, entries }) => ({
        Namespace: namespace,
        Dimensions: dimensions,
        Metrics: entries.map(([key]) => ({ Name: METRICS[key].name, Unit: METRICS[key].unit })),
      })),
    },
    ...Object.fromEntries(
      directives.flatMap(({ entries }) => entries.map(([key, value]) => [METRICS[key].name, value])),
    ),
  };
}

function isMetric(entry: [string, number | undefined]): entry is [MetricKey, number] {
  return Object.hasOwn(METRICS, entry[0]) && entry[1] !== undefined;
}
