import * as v from 'valibot';
import { type Config, findFlow } from '../../config/configuration.ts';
import { type Mistake, unknownMember, validate } from '../../config/validation.ts';
import { fieldsOf } from '../../studio/json/parse.ts';
import { BODY_HASH_PARAMETER } from '../auth/twilio.ts';
import { invalidRequest } from '../problems.ts';
import type { Caller } from '../request.ts';
import { type InputSchema, type Route, type RouteKey, routes } from '../routes.ts';
import { executionSid, stepSid } from '../schemas/common.ts';
import { type Fields, fieldsFrom, parametersIn, readBody } from './body.ts';
import { pathParametersOf, type Received } from './event.ts';

/** At most this many mistakes are reported, so that the answer is not longer than the request. */
const MAX_MISTAKES = 100;

export type Input = { params: Record<string, string>; query: unknown; body: unknown };

const noQuery = v.strictObject({});
const parameterSchema = v.object({
  execution: v.exactOptional(executionSid),
  step: v.exactOptional(stepSid),
});

/** Path, query string and body of a request, or a Problem with every mistake in them. */
export function readInput(route: RouteKey, received: Received, config: Config, caller: Caller): Input {
  const { query: querySchema = noQuery, body: bodySchema, form = false, namesFlows }: Route = routes[route];
  const params = pathParametersOf(route, received);
  const path = validate(parameterSchema, params);
  const ignored = caller.kind === 'twilio' ? BODY_HASH_PARAMETER : undefined;
  const query = check(querySchema, readQueryString(received.rawQueryString, ignored));
  const raw = bodySchema && readBody(received.body, received.headers.get('content-type'), form);
  const body = bodySchema && raw && check(bodySchema, raw);

  const mistakes = [
    ...(path.ok ? [] : pointed(path.mistakes, (pointer) => `{${pointer.slice('#/'.length)}}`)),
    ...pointed(query.mistakes, (pointer) => pointer.replace(/^#\/?/, '?')),
    ...(body?.mistakes ?? []),
    ...(namesFlows ? flowMistakes(raw?.value, config) : []),
  ];
  const all = new Map(mistakes.map((one) => [`${one.pointer} ${one.detail}`, one]));
  if (all.size > 0) throw invalidRequest([...all.values()].slice(0, MAX_MISTAKES));
  return { params, query: query.value, body: body?.value };
}

function pointed(mistakes: readonly Mistake[], toPointer: (pointer: string) => string): Mistake[] {
  return mistakes.map(({ detail, pointer }) => ({ detail, pointer: toPointer(pointer) }));
}

/** Looks at the body as it was sent: what else is wrong with it does not hide a flow that does not exist. */
function flowMistakes(body: unknown, config: Config): Mistake[] {
  const flows = fieldsOf(body)?.['flows'];
  if (!Array.isArray(flows)) return [];
  return flows.flatMap((name: unknown, index) =>
    typeof name === 'string' && !findFlow(config, name)
      ? [{ detail: 'is not a configured flow', pointer: `#/flows/${index}` }]
      : [],
  );
}

/**
 * Checks against the schema and names every unknown member, of which the schema names the first only. A
 * member that is null is absent.
 */
function check(schema: InputSchema, { value, mistakes }: Fields): Fields {
  const fields = fieldsOf(value);
  if (!fields) return { value, mistakes: [...mistakes, { detail: 'must be an object', pointer: '#' }] };
  const present = Object.entries(fields).filter(([, member]) => member !== null);
  const result = validate(schema, Object.fromEntries(present));
  const unknown = Object.keys(fields).filter((name) => !Object.hasOwn(schema.entries, name));
  return {
    value: result.ok ? result.value : undefined,
    mistakes: [
      ...mistakes,
      ...(result.ok ? [] : result.mistakes),
      ...unknown.map((name) => unknownMember('#', name)),
    ],
  };
}

/**
 * Reads a query string. Keeps a plus as a plus: addresses and time zones contain one, and no parameter
 * contains a space. `ignored` names a parameter that is not for the route.
 */
function readQueryString(rawQueryString: string, ignored?: string): Fields {
  const parameters = parametersIn(rawQueryString.replaceAll('+', '%2B'), 'query string');
  return fieldsFrom([...parameters].filter(([name]) => name !== ignored));
}
