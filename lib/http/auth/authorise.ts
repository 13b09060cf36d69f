import type { ConfiguredFlow, Scope } from '../../config.ts';
import { Problem } from '../problems.ts';
import type { Caller } from '../request.ts';

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
