import { describe, expect, test } from 'vitest';
import { SCOPES } from '../../../lib/config/configuration.ts';
import type { Request } from '../../../lib/http/request.ts';
import {
  type GuardedRoutes,
  isRouteKey,
  type PublicRoutes,
  routeKeys,
  routes,
} from '../../../lib/http/routes.ts';

describe('the route table', () => {
  test('is the contract’s', () => {
    const contract: Record<string, [string, string | null]> = {
      'POST /flows/{flow}/executions': ['trigger', 'trigger'],
      'GET /flows': ['query', 'read'],
      'GET /flows/{flow}': ['query', 'read'],
      'GET /executions': ['query', 'read'],
      'GET /flows/{flow}/executions': ['query', 'read'],
      'GET /flows/{flow}/executions/{execution}': ['query', 'read'],
      'GET /flows/{flow}/executions/{execution}/context': ['query', 'read:personal'],
      'GET /flows/{flow}/executions/{execution}/steps': ['query', 'read'],
      'GET /flows/{flow}/executions/{execution}/steps/{step}': ['query', 'read'],
      'GET /flows/{flow}/executions/{execution}/steps/{step}/context': ['query', 'read:personal'],
      'POST /flows/{flow}/executions/{execution}/end': ['end', 'end'],
      'DELETE /flows/{flow}/executions/{execution}': ['delete', 'purge'],
      'POST /purges': ['purge', 'purge'],
      'GET /purges': ['purge', 'purge'],
      'GET /purges/{purge}': ['purge', 'purge'],
      'GET /purges/{purge}/failures': ['purge', 'purge'],
      'POST /purges/{purge}/stop': ['purge', 'purge'],
      'GET /health': ['query', null],
      'GET /openapi.json': ['query', null],
      'HEAD /health': ['query', null],
      'HEAD /openapi.json': ['query', null],
    };
    const table = routeKeys.map((route) => [route, [routes[route].function, routes[route].scope]]);
    expect(Object.fromEntries(table)).toEqual(contract);
    for (const route of routeKeys)
      if (routes[route].scope !== null) expect(SCOPES).toContain(routes[route].scope);
  });

  test('a route without a scope, and a public one that is not among the two, do not compile', () => {
    // @ts-expect-error: every route names its scope.
    const forgotten = { 'GET /forgotten': { function: 'query' } } satisfies GuardedRoutes;
    // @ts-expect-error: null is no scope of a guarded route.
    const open = { 'GET /open': { function: 'query', scope: null } } satisfies GuardedRoutes;
    const health = { function: 'query', scope: null } as const;
    const third = {
      'GET /health': health,
      'GET /openapi.json': health,
      'HEAD /health': health,
      'HEAD /openapi.json': health,
      // @ts-expect-error: a third public route is a decision.
      'GET /third': health,
    } satisfies PublicRoutes;
    expect([forgotten, open, third]).toHaveLength(3);
  });

  test('a request has what its route has', () => {
    type Trigger = Request<'POST /flows/{flow}/executions'>;
    const trigger = (request: Trigger): [string, string] => [request.body.to, request.flow.sid];
    // @ts-expect-error: there is no execution in this path.
    const execution = (request: Trigger): string => request.params.execution;
    // @ts-expect-error: a request of a public route has no caller.
    const caller = (request: Request<'GET /health'>): string => request.caller.name;
    expect([trigger, execution, caller]).toHaveLength(3);
  });

  test('names of the prototype are no routes', () => {
    expect(['constructor', '__proto__', 'toString', ''].filter(isRouteKey)).toEqual([]);
  });
});
