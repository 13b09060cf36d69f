import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import { type Clock, realClock } from '../clock.ts';
import type { InvocationResult } from '../functions.ts';
import { type Exchange, type Listening, listen, type Reply } from '../http.ts';
import { eventFor, type FormBodies } from './event.ts';
import { createMatcher, type RouteMatch } from './match.ts';
import { gatewayReply, replyOf } from './reply.ts';

/** An HTTP API before the functions: its routing, its events, its limits. */

/** API Gateway's quotas for HTTP APIs, which cannot be raised. */
const MAX_PAYLOAD_BYTES = 10 * 1024 * 1024;
const MAX_HEADER_BYTES = 10_240;
const INTEGRATION_TIMEOUT_MS = 30_000;
/** Lambda takes at most 6 MB for a synchronous invocation, the event around the body included. */
const MAX_EVENT_BYTES = 6 * 1024 * 1024;

export type GatewayOptions = {
  /** Function by routeKey, e.g. `GET /flows` → `query`; what nothing matches goes to `unmatched`. */
  routes: Readonly<Record<string, string>>;
  unmatched: string;
  invoke: (functionName: string, event: APIGatewayProxyEventV2) => Promise<InvocationResult>;
  port?: number;
  formBodies?: FormBodies;
  clock?: Clock;
  /** For requests under `/__local/`, which no deployment has. */
  administration?: (exchange: Exchange) => Promise<Reply>;
};

export async function startGateway(options: GatewayOptions): Promise<Listening> {
  const { routes, clock = realClock, formBodies = 'base64' } = options;
  const match = createMatcher(Object.keys(routes));
  const tooLarge = gatewayReply(413, 'Request Entity Too Large');

  const handle = async (exchange: Exchange, found: RouteMatch | null): Promise<Reply> => {
    const event = eventFor(exchange, found, { nowMs: clock.now(), formBodies });
    if (Buffer.byteLength(JSON.stringify(event)) > MAX_EVENT_BYTES) return tooLarge;
    const target = (found && routes[found.routeKey]) ?? options.unmatched;
    const reply = await within(clock, options.invoke(target, event).then(replyOf));
    return { ...reply, headers: { ...reply.headers, 'apigw-requestid': event.requestContext.requestId } };
  };

  return listen({
    port: options.port ?? 0,
    maxBodyBytes: MAX_PAYLOAD_BYTES,
    maxHeaderBytes: MAX_HEADER_BYTES,
    tooLarge,
    answer: (exchange) =>
      options.administration && exchange.path.startsWith('/__local/')
        ? options.administration(exchange)
        : handle(exchange, match(exchange.method, exchange.path)),
  });
}

/** The function runs on; only the caller is cut off. */
function within(clock: Clock, work: Promise<Reply>): Promise<Reply> {
  const cut = Promise.withResolvers<Reply>();
  const cancel = clock.after(INTEGRATION_TIMEOUT_MS, () =>
    cut.resolve(gatewayReply(503, 'Service Unavailable')),
  );
  return Promise.race([work, cut.promise]).finally(cancel);
}
