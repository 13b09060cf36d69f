import type * as v from 'valibot';
import type { Scope } from '../config/configuration.ts';
import { purgeBody } from './schemas/purge.ts';
import { deleteQuery, executionsQuery, pageQuery } from './schemas/query.ts';
import { triggerBody } from './schemas/trigger.ts';

/**
 * The one route table. API Gateway's routes, the scopes, the validation and the OpenAPI document are made
 * from it; the keys are API Gateway's `routeKey`s.
 */

export type FunctionName = 'trigger' | 'query' | 'end' | 'delete' | 'purge';

const get = { function: 'query', scope: 'read' } as const;
const getPersonal = { function: 'query', scope: 'read:personal' } as const;
const purge = { function: 'purge', scope: 'purge' } as const;

const open = { function: 'query', scope: null } as const;

/** A route without a scope does not compile. */
export const routes = {
  'POST /flows/{flow}/executions': {
    function: 'trigger',
    scope: 'trigger',
    body: triggerBody,
    form: true,
    signed: true,
  },
  'GET /flows': { ...get, query: pageQuery },
  'GET /flows/{flow}': get,
  'GET /executions': { ...get, query: executionsQuery },
  'GET /flows/{flow}/executions': { ...get, query: executionsQuery },
  'GET /flows/{flow}/executions/{execution}': get,
  'GET /flows/{flow}/executions/{execution}/context': getPersonal,
  'GET /flows/{flow}/executions/{execution}/steps': { ...get, query: pageQuery },
  'GET /flows/{flow}/executions/{execution}/steps/{step}': get,
  'GET /flows/{flow}/executions/{execution}/steps/{step}/context': getPersonal,
  'POST /flows/{flow}/executions/{execution}/end': { function: 'end', scope: 'end' },
  'DELETE /flows/{flow}/executions/{execution}': { function: 'delete', scope: 'purge', query: deleteQuery },
  'POST /purges': { ...purge, body: purgeBody, namesFlows: true },
  'GET /purges': { ...purge, query: pageQuery },
  'GET /purges/{purge}': purge,
  'GET /purges/{purge}/failures': { ...purge, query: pageQuery },
  'POST /purges/{purge}/stop': purge,
  'GET /health': open,
  'HEAD /health': open,
  'GET /openapi.json': open,
  'HEAD /openapi.json': open,
} as const satisfies Readonly<Record<`${string} /${string}`, Route>>;

/** What API Gateway calls a request that no route matches; the query function answers it with 404. */
export const UNMATCHED_ROUTE = '$default';
export const UNMATCHED_FUNCTION: FunctionName = 'query';

export type RouteKey = keyof typeof routes;
export const routeKeys = Object.keys(routes) as RouteKey[];

export function isRouteKey(text: string): text is RouteKey {
  return Object.hasOwn(routes, text);
}

/** The members that a query string or a body may have. */
export type InputSchema = v.GenericSchema & { entries: v.ObjectEntries };

export type Route = {
  function: FunctionName;
  /** null for a public route: one that needs no credentials. */
  scope: Scope | null;
  query?: InputSchema;
  body?: InputSchema;
  /** Whether the body may also be `application/x-www-form-urlencoded`. */
  form?: boolean;
  /** Whether the body's `flows` are flows of the configuration. */
  namesFlows?: true;
  /** Whether callers that sign each message (Standard Webhooks, Twilio) may use the route. */
  signed?: true;
};

/** `'flow' | 'execution'` for `POST /flows/{flow}/executions/{execution}/end`. */
export type ParameterOf<K extends string> = K extends `${string}{${infer Name}}${infer Rest}`
  ? Name | ParameterOf<Rest>
  : never;
