import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import { type Clock, realClock } from '../clock.ts';
import type { InvocationResult } from '../host/function-protocol.ts';
import { type Exchange, type Listening, listen, type Reply } from '../http.ts';
import { corsHeaders, preflightReply } from './cors.ts';
import { docsReply } from './docs.ts';
import { eventFor, type FormBodies } from './event.ts';
import { createMatcher, type RouteMatch } from './match.ts';
import { gatewayReply, replyOf } from './reply.ts';

/** API Gateway's quotas for HTTP APIs, which cannot be raised. */
const MAX_PAYLOAD_BYTES = 10 * 1024 * 1024;
const MAX_HEADER_BYTES = 10_240;
const INTEGRATION_TIMEOUT_MS = 30_000;
/** Lambda takes at most 6 MB for a synchronous invocation, the event around the body included. */
const MAX_EVENT_BYTES = 6 * 1024 * 1024;

/** Paths below it are the local run's own. */
const ADMINISTRATION = '/__local/';

export type GatewayOptions = {
  /** Function by routeKey, e.g. `GET /flows` → `query`; what nothing matches goes to `unmatched`. */
  routes: Readonly<Record<string, string>>;
  unmatched: string;
  invoke: (functionName: string, event: APIGatewayProxyEventV2) => Promise<InvocationResult>;
  port?: number;
  formBodies?: FormBodies;
  clock?: Clock;
  /** Default: none, and no CORS header at all. */
  corsOrigins?: readonly string[];
  /** Called once for every answered request. */
  onAnswer?: (answered: Answered) => void;
  /** Answers requests below `/__local/`, which no deployment has. */
  administration?: (exchange: Exchange) => Promise<Reply>;
};

export type Answered = {
  method: string;
  path: string;
  routeKey: string | null;
  function: string;
  status: number;
  durationMs: number;
  userAgent: string;
};

/** Starts an HTTP API before the functions, with its routing, its events and its limits. */
export async function startGateway(options: GatewayOptions): Promise<Listening> {
  const { routes, clock = realClock, formBodies = 'base64', corsOrigins = [] } = options;
  const match = createMatcher(Object.keys(routes));
  const tooLarge = gatewayReply(413, 'Request Entity Too Large');

  const handle = async (exchange: Exchange, found: RouteMatch | null): Promise<Reply> => {
    const event = eventFor(exchange, found, { nowMs: clock.now(), formBodies });
    if (Buffer.byteLength(JSON.stringify(event)) > MAX_EVENT_BYTES) return tooLarge;
    const target = (found && routes[found.routeKey]) ?? options.unmatched;
    const startedMs = clock.now();
    const reply = await within(clock, options.invoke(target, event).then(replyOf));
    options.onAnswer?.({
      method: exchange.method,
      path: exchange.path,
      routeKey: found?.routeKey ?? null,
      function: target,
      status: reply.status,
      durationMs: clock.now() - startedMs,
      userAgent: exchange.headers['user-agent'] ?? '',
    });
    return {
      ...reply,
      headers: {
        ...reply.headers,
        ...corsHeaders(exchange, corsOrigins),
        'apigw-requestid': event.requestContext.requestId,
      },
    };
  };

  return listen({
    port: options.port ?? 0,
    maxBodyBytes: MAX_PAYLOAD_BYTES,
    maxHeaderBytes: MAX_HEADER_BYTES,
    tooLarge,
    async answer(exchange) {
      if (options.administration && exchange.path.startsWith(ADMINISTRATION))
        return options.administration(exchange);
      const own = (await docsReply(exchange)) ?? preflightReply(exchange, corsOrigins);
      return own ?? handle(exchange, match(exchange.method, exchange.path));
    },
  });
}

/** Cuts the caller off after the time limit. The function continues to run. */
function within(clock: Clock, work: Promise<Reply>): Promise<Reply> {
  const cut = Promise.withResolvers<Reply>();
  const cancel = clock.after(INTEGRATION_TIMEOUT_MS, () =>
    cut.resolve(gatewayReply(503, 'Service Unavailable')),
  );
  return Promise.race([work, cut.promise]).finally(cancel);
}
