import { describe, expect, test } from 'vitest';
import { SCOPES } from '../../../lib/config/configuration.ts';
import { isRouteKey, routeKeys, routes } from '../../../lib/http/routes.ts';

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

  test('names of the prototype are no routes', () => {
    expect(['constructor', '__proto__', 'toString', ''].filter(isRouteKey)).toEqual([]);
  });
});
