import type { APIGatewayProxyEventV2, Context } from 'aws-lambda';
import { ConfigError } from '../config/configuration.ts';
import { SecretUnavailableError } from '../config/secret.ts';
import { StudioError } from '../studio/errors.ts';
import { log, tallyAttempts, type UpstreamTally } from '../telemetry/log.ts';
import { admit, type Trace } from './admit.ts';
import { readEvent } from './event/event.ts';
import { Problem } from './problems.ts';
import { reportRequest } from './report.ts';
import type { AdmittedRequest, Answer, Handlers, ServeRuntime, Timed } from './request.ts';
import { type Result, toResult } from './result.ts';
import type { RouteKey } from './routes.ts';
import { studioProblem } from './studio-problems.ts';

export type Handler = (
  event: APIGatewayProxyEventV2,
  context: Pick<Context, 'awsRequestId' | 'getRemainingTimeInMillis'>,
) => Promise<Result>;

/** An HTTP API cuts at 30 s; this leaves time for the answer, the cold start and the network. */
const TOTAL_MS = 25_000;
/** Time reserved before Lambda's timeout for writing the answer and the log. */
const MARGIN_MS = 1_000;
/** Time that a handler has after the signal. Then `serve` answers in its place. */
const GRACE_MS = 500;

type Outcome = { outcome: Answer | Problem; result: Result };

const RETRY_TOO_LATE_MS = 2_000;
const RETRY_UNAVAILABLE_MS = 5_000;

/**
 * The handler of a function: an event becomes a request that was authenticated, authorised and validated,
 * in this order; the request becomes its handler's answer, or a problem. It never throws.
 */
export function serve(runtime: ServeRuntime, handlers: Handlers): Handler {
  return async (event, context) => {
    const startedAt = runtime.now();
    const received = readEvent(event, context);
    const leftMs = Math.max(0, Math.min(TOTAL_MS, context.getRemainingTimeInMillis() - MARGIN_MS));
    const { signal, passed, clear } = startTimers(leftMs);
    const trace: Trace = {};
    const tally: UpstreamTally = { calls: 0, ms: 0, throttled: 0, requestIds: [] };

    const work = async (): Promise<Outcome> => {
      const request = await admit(runtime, handlers, received, trace);
      const timed = { ...request, deadlineMs: startedAt + leftMs, signal };
      const answer = await handlerOf(handlers, request.route)(timed);
      return { outcome: answer, result: toResult(answer, received.id) };
    };
    const late = passed.then(() => Promise.reject(tooLate(trace)));
    const { outcome, result } = await Promise.race([tallyAttempts(tally, work), late])
      .catch((error: unknown): Outcome => {
        const problem = toProblem(error, trace);
        return { outcome: problem, result: toResult(problem, received.id) };
      })
      .finally(clear);

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

/** `signal` ends when the time is over; `passed` resolves a little later, for what does not listen to it. */
function startTimers(leftMs: number) {
  const controller = new AbortController();
  const timers = [setTimeout(() => controller.abort(), leftMs)];
  const passed = new Promise<void>((resolve) => {
    timers.push(setTimeout(resolve, leftMs + GRACE_MS));
  });
  return { signal: controller.signal, passed, clear: () => timers.forEach(clearTimeout) };
}

/**
 * Returns the handler of a route that has one. `readInput` has checked the request with the schemas of this
 * route, which the compiler cannot follow over the union of routes.
 */
function handlerOf(handlers: Handlers, route: RouteKey) {
  return handlers[route] as (request: AdmittedRequest & Timed) => Promise<Answer>;
}

function toProblem(error: unknown, { route, sent }: Trace): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof StudioError)
    return studioProblem(error, route?.includes('{execution}') ?? false, sent);
  if (isUnavailable(error))
    return new Problem(
      'unavailable',
      'A part of this deployment cannot be reached at the moment; try again.',
      {
        retryAfterMs: RETRY_UNAVAILABLE_MS,
        cause: error,
      },
    );
  return new Problem('internal', 'The request could not be answered.', { cause: error });
}

/**
 * Whether the secret, the table or the worker failed. While a request is served, a ConfigError can only come
 * from the secret. Every error of an AWS SDK call has `$metadata`, connection errors included.
 */
function isUnavailable(error: unknown): boolean {
  if (error instanceof SecretUnavailableError || error instanceof ConfigError) return true;
  return error instanceof Error && '$metadata' in error;
}

/** What a handler that has not returned in time did upstream is unknown. */
function tooLate({ route }: Trace): Problem {
  return route === 'POST /flows/{flow}/executions'
    ? new Problem('outcome-unknown', 'There was not enough time to learn whether it was created.')
    : new Problem('studio-unavailable', 'There was not enough time.', { retryAfterMs: RETRY_TOO_LATE_MS });
}
