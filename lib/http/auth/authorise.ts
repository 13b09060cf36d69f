import type { ConfiguredFlow, Scope } from '../../config/configuration.ts';
import { Problem } from '../problems.ts';
import type { Caller } from '../request.ts';
import { type RouteKey, routes } from '../routes.ts';

/**
 * Throws 403 if a caller is authenticated by a signature and the route does not accept signatures, whatever
 * its scopes: a captured message must not authorise anything else.
 */
export function requireSignable(caller: Caller, route: RouteKey): void {
  const isSigned = caller.kind === 'webhook' || caller.kind === 'twilio';
  if (isSigned && !('signed' in routes[route]))
    throw new Problem('forbidden', 'A signed webhook may trigger executions and do nothing else.');
}

/** Throws 403 unless the caller has the scope. */
export function requireScope(caller: Caller, scope: Scope): void {
  if (!caller.scopes.includes(scope)) throw new Problem('forbidden', `The scope "${scope}" is missing.`);
}

/** Throws 403 unless the caller may touch the flow. */
export function requireFlow(caller: Caller, flow: ConfiguredFlow): void {
  if (!mayTouch(caller, flow)) throw new Problem('forbidden', 'The caller may not touch this flow.');
}

export function mayTouch(caller: Caller, flow: Pick<ConfiguredFlow, 'sid'>): boolean {
  return caller.flows === null || caller.flows.includes(flow.sid);
}
