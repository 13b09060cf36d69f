import type { APIGatewayProxyEventV2, Context } from 'aws-lambda';
import { StudioError } from '../studio/errors.ts';
import { log, tallyAttempts, type UpstreamTally } from '../telemetry/log.ts';
import { admit, type Trace } from './admit.ts';
import { startDeadline } from './event/deadline.ts';
import { readEvent } from './event/event.ts';
import { Problem } from './problems.ts';
import { reportRequest } from './report.ts';
import type { AdmittedRequest, Answer, Handlers, ServeRuntime, Timed } from './request.ts';
import { type Result, toResult } from './result.ts';
import type { RouteKey } from './routes.ts';
import { studioProblem } from './studio-problems.ts';
import { isUnavailable, unavailable } from './unavailable.ts';

export type Handler = (
  event: APIGatewayProxyEventV2,
  context: Pick<Context, 'awsRequestId' | 'getRemainingTimeInMillis'>,
) => Promise<Result>;

const RETRY_TOO_LATE_MS = 2_000;

/**
 * The handler of a function: an event becomes a request that was authenticated, authorised and validated,
 * in this order; the request becomes its handler's answer, or a problem. It never throws.
 */
export function serve(runtime: ServeRuntime, handlers: Handlers): Handler {
  return async (event, context) => {
    const startedAt = runtime.now();
    const received = readEvent(event, context);
    const deadline = startDeadline(startedAt, context);
    const trace: Trace = {};
    const tally: UpstreamTally = { calls: 0, ms: 0, throttled: 0, requestIds: [] };

    const work = async (): Promise<Answer> => {
      const request = await admit(runtime, handlers, received, trace);
      const { deadlineMs, signal } = deadline;
      return await handlerOf(handlers, request.route)({ ...request, deadlineMs, signal });
    };
    let outcome = await Promise.race([tallyAttempts(tally, work), deadline.passed.then(() => tooLate(trace))])
      .catch((error: unknown) => toProblem(error, trace))
      .finally(() => deadline.clear());
    let result: Result;
    try {
      result = toResult(outcome, received.id);
    } catch (error) {
      outcome = toProblem(error, trace);
      result = toResult(outcome, received.id);
    }

    reportRequest(runtime.log ?? log, {
      requestId: received.id,
      functionRequestId: context.awsRequestId,
      trace,
      outcome,
      durationMs: runtime.now() - startedAt,
      tally,
    });
    return result;
  };
}

/**
 * The handler of a route that is known to have one. That the request has this route's shape is what
 * `readInput` checked with the schemas of the same table; the compiler cannot follow that over the union.
 */
function handlerOf(handlers: Handlers, route: RouteKey) {
  return handlers[route] as unknown as (request: AdmittedRequest & Timed) => Promise<Answer>;
}

function toProblem(error: unknown, { route, sent }: Trace): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof StudioError)
    return studioProblem(error, route?.includes('{execution}') ?? false, sent);
  if (isUnavailable(error)) return unavailable(error);
  return new Problem('internal', 'The request could not be answered.', { cause: error });
}

/** What a handler that did not come back in time did upstream cannot be known. */
function tooLate({ route }: Trace): Problem {
  return route === 'POST /flows/{flow}/executions'
    ? new Problem('outcome-unknown', 'There was not enough time to learn whether it was created.')
    : new Problem('studio-unavailable', 'There was not enough time.', { retryAfterMs: RETRY_TOO_LATE_MS });
}
