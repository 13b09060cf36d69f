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
const REPLAYED_HEADER = 'idempotent-replayed';

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
  const { requestId, functionRequestId, trace, outcome, durationMs, tally } = report;
  const { caller } = trace;
  log(
    outcome.status >= FIRST_SERVER_ERROR ? 'ERROR' : 'INFO',
    'request',
    {
      requestId,
      functionRequestId,
      route: trace.route ?? 'unknown',
      ...(caller ? { caller: caller.name, callerKind: caller.kind } : {}),
      flow: trace.flow?.alias ?? 'none',
      status: outcome.status,
      outcome: outcomeOf(outcome),
      durationMs,
      ...upstreamFields(tally),
      ...(outcome instanceof Problem ? troubleOf(outcome) : {}),
    },
    [
      { dimensions: [['outcome'], ['route', 'outcome'], ['flow', 'outcome']], values: { requests: 1 } },
      { dimensions: [['route']], values: { duration: durationMs } },
      {
        dimensions: [[]],
        values: {
          upstreamCalls: tally.calls,
          upstreamThrottled: tally.throttled,
          upstreamDuration: Math.round(tally.ms),
          ...(isReplay(outcome) ? { replays: 1 } : {}),
        },
      },
    ],
  );
}

/** Whether the answer was stored under an idempotency key. */
function isReplay(outcome: Answer | Problem): boolean {
  return outcome.headers?.[REPLAYED_HEADER] === 'true';
}

/**
 * Returns the outcome that the answer names, else `ok`; a problem's slug. Has few values: a metric dimension.
 */
function outcomeOf(outcome: Answer | Problem): string {
  if (outcome instanceof Problem) return outcome.slug;
  const { body } = outcome;
  const named = typeof body === 'object' && body !== null && 'outcome' in body ? body.outcome : undefined;
  return typeof named === 'string' ? named : 'ok';
}

/** Returns the cause of a server error, for the log. */
function troubleOf(problem: Problem): LogFields {
  const { cause } = problem;
  if (cause === undefined || problem.status < FIRST_SERVER_ERROR) return {};
  return { ...describeError(cause), ...(cause instanceof StudioError ? upstreamTrouble(cause) : {}) };
}

function upstreamTrouble({ operation, status, code }: StudioError): LogFields {
  return {
    upstreamOperation: operation,
    ...(status === undefined ? {} : { upstreamStatus: status }),
    ...(code === undefined ? {} : { upstreamCode: code }),
  };
}
