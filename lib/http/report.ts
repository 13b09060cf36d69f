import { StudioError } from '../studio/errors.ts';
import {
  describeError,
  type Log,
  type LogFields,
  type UpstreamTally,
  upstreamFields,
} from '../telemetry/log.ts';
import type { Trace } from './admit.ts';
import { Problem } from './problems.ts';
import type { Answer } from './request.ts';

const FIRST_SERVER_ERROR = 500;

export type Report = {
  requestId: string;
  functionRequestId: string;
  trace: Trace;
  outcome: Answer | Problem;
  durationMs: number;
  tally: UpstreamTally;
};

/** Writes the log line of a request, which also carries its metrics. */
export function reportRequest(log: Log, report: Report): void {
  const { trace, outcome, durationMs, tally, ...ids } = report;
  const fields = {
    ...ids,
    route: trace.route ?? 'unknown',
    caller: trace.caller?.name,
    callerKind: trace.caller?.kind,
    flow: trace.flow?.alias ?? 'none',
    status: outcome.status,
    outcome: outcomeOf(outcome),
    durationMs,
    ...upstreamFields(tally),
    ...troubleOf(outcome),
  };
  const upstream = {
    upstreamCalls: tally.calls,
    upstreamThrottled: tally.throttled,
    upstreamDuration: Math.round(tally.ms),
  };
  const replays = outcome.headers?.['idempotent-replayed'] === 'true' ? { replays: 1 } : {};
  log(outcome.status >= FIRST_SERVER_ERROR ? 'ERROR' : 'INFO', 'request', fields, [
    { dimensions: [['outcome'], ['route', 'outcome'], ['flow', 'outcome']], values: { requests: 1 } },
    { dimensions: [['route']], values: { duration: durationMs } },
    { dimensions: [[]], values: { ...upstream, ...replays } },
  ]);
}

/**
 * Returns the outcome that the answer names, else `ok`; a problem's slug. Has few values: a metric dimension.
 */
function outcomeOf(outcome: Answer | Problem): string {
  if (outcome instanceof Problem) return outcome.slug;
  const named: unknown = Object(outcome.body).outcome;
  return typeof named === 'string' ? named : 'ok';
}

/** Returns the cause of a server error, for the log. */
function troubleOf(outcome: Answer | Problem): LogFields {
  if (!(outcome instanceof Problem) || outcome.status < FIRST_SERVER_ERROR || !outcome.cause) return {};
  const { cause } = outcome;
  if (!(cause instanceof StudioError)) return describeError(cause);
  return {
    ...describeError(cause),
    upstreamOperation: cause.operation,
    upstreamStatus: cause.status,
    upstreamCode: cause.code,
  };
}
