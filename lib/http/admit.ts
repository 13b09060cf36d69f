import { type ConfiguredFlow, findFlow } from '../config/configuration.ts';
import { authenticate } from './auth/authenticate.ts';
import { requireBounded } from './event/body.ts';
import { pathParametersOf, type Received } from './event/event.ts';
import { idempotencyOf } from './event/idempotency-key.ts';
import { readInput } from './event/input.ts';
import { Problem } from './problems.ts';
import { type AdmittedRequest, type Caller, type Handlers, mayTouch, type ServeRuntime } from './request.ts';
import { isRouteKey, type Route, type RouteKey, routes } from './routes.ts';

/** What is known of a request when its log line is written, even if it was refused halfway. */
export type Trace = { route?: RouteKey; caller?: Caller; flow?: ConfiguredFlow; sent?: unknown };

/** Authenticates, authorises and validates a request, before anything is sent to Studio. Throws a Problem. */
export async function admit(
  runtime: ServeRuntime,
  handlers: Handlers,
  received: Received,
  trace: Trace,
): Promise<AdmittedRequest> {
  const route = received.routeKey;
  if (!isRouteKey(route) || !handlers[route]) throw new Problem('unknown-route', 'There is no such route.');
  trace.route = route;
  const { scope, signed, body }: Route = routes[route];
  const common = { route, query: {}, body: undefined, idempotencyKey: null };
  if (scope === null) return { ...common, caller: null, params: {}, flow: null };

  requireBounded(received.body);
  const caller = await authenticate(runtime, received);
  trace.caller = caller;
  // A signature covers one message: a captured one must not authorise anything else, whatever its scopes.
  if ((caller.kind === 'webhook' || caller.kind === 'twilio') && !signed)
    throw new Problem('forbidden', 'A signed webhook may trigger executions and do nothing else.');
  if (!caller.scopes.includes(scope)) throw new Problem('forbidden', `The scope "${scope}" is missing.`);
  const flow = configuredFlow(runtime, pathParametersOf(route, received)['flow']);
  if (flow) {
    trace.flow = flow;
    if (!mayTouch(caller, flow)) throw new Problem('forbidden', 'The caller may not touch this flow.');
  }
  const input = readInput(route, received, runtime.config, caller);
  trace.sent = input.body;
  return {
    ...common,
    ...input,
    caller,
    flow,
    // A request without a body changes nothing or may be repeated: its key is ignored.
    ...(body ? idempotencyOf(received.headers, caller, runtime.config) : {}),
  };
}

/** null for a route without a flow. Throws 404 for a flow that the configuration does not list. */
function configuredFlow({ config }: ServeRuntime, aliasOrSid: string | undefined): ConfiguredFlow | null {
  if (aliasOrSid === undefined) return null;
  const flow = findFlow(config, aliasOrSid);
  if (!flow) throw new Problem('unknown-flow', 'The configuration lists no flow with this alias or SID.');
  return flow;
}
