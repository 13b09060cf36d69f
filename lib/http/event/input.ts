import type * as v from 'valibot';
import { type Config, findFlow } from '../../config/configuration.ts';
import { type Mistake, repeatedMember, unknownMember, validate } from '../../config/validation.ts';
import { BODY_HASH_PARAMETER } from '../auth/twilio.ts';
import { invalidRequest } from '../problems.ts';
import type { Caller } from '../request.ts';
import { type Route, type RouteKey, routes } from '../routes.ts';
import { executionSid, stepSid } from '../schemas/common.ts';
import { parametersIn, readBody } from './body.ts';
import { pathParametersOf, type Received } from './event.ts';

/** Far more than any route has. */
const MAX_PARAMETERS = 50;

/** At most this many mistakes are reported, so that the answer is not longer than the request. */
const MAX_MISTAKES = 100;

export type Input = { params: Record<string, string>; query: unknown; body: unknown };

const parameterSchemas: Readonly<Record<string, v.GenericSchema<string>>> = {
  execution: executionSid,
  step: stepSid,
};

/** Path, query string and body of a request, or a Problem with every mistake in them. */
export function readInput(route: RouteKey, received: Received, config: Config, caller: Caller): Input {
  const { query: querySchema, body: bodySchema, form, namesFlows }: Route = routes[route];
  const params = pathParametersOf(route, received);
  const mistakes = parameterMistakes(params);
  const readQuery = readQueryString(
    received.rawQueryString,
    caller.kind === 'twilio' ? BODY_HASH_PARAMETER : undefined,
  );
  const query = check(querySchema, readQuery, (pointer) => pointer.replace(/^#\/?/, '?'));
  const contentType = received.headers.get('content-type');
  const raw = bodySchema
    ? readBody(received.body, contentType, form === true)
    : { value: undefined, mistakes: [] };
  const body = bodySchema ? check(bodySchema, raw, (same) => same) : raw;
  const unknownFlows = namesFlows ? flowMistakes(raw.value, config) : [];

  const all = distinct([...mistakes, ...query.mistakes, ...body.mistakes, ...unknownFlows]);
  if (all.length > 0) throw invalidRequest(all.slice(0, MAX_MISTAKES));
  return { params, query: query.value, body: body.value };
}

/** Looks at the body as it was sent: what else is wrong with it does not hide a flow that does not exist. */
function flowMistakes(body: unknown, config: Config): Mistake[] {
  const flows = typeof body === 'object' && body !== null && 'flows' in body ? body.flows : undefined;
  if (!Array.isArray(flows)) return [];
  return flows.flatMap((name: unknown, index) =>
    typeof name === 'string' && !findFlow(config, name)
      ? [{ detail: 'is not a configured flow', pointer: `#/flows/${index}` }]
      : [],
  );
}

function parameterMistakes(params: Record<string, string>): Mistake[] {
  return Object.entries(params).flatMap(([name, value]) => {
    const schema = parameterSchemas[name];
    const result = schema ? validate(schema, value) : undefined;
    return result && !result.ok
      ? result.mistakes.map(({ detail }) => ({ detail, pointer: `{${name}}` }))
      : [];
  });
}

/**
 * Checks against the schema and names every unknown member, of which the schema names the first only. To the
 * schema a list is an object that has none of its members.
 */
function check(
  schema: v.GenericSchema | undefined,
  read: { value: unknown; mistakes: Mistake[] },
  toPointer: (pointer: string) => string,
): { value: unknown; mistakes: Mistake[] } {
  const result = !schema
    ? { ok: true as const, value: {} }
    : isObject(read.value)
      ? validate(schema, withoutNulls(read.value))
      : { ok: false as const, mistakes: [{ detail: 'must be an object', pointer: '#' }] };
  const found = result.ok ? [] : result.mistakes;
  const mistakes = [...read.mistakes, ...found, ...unknownMembers(schema, read.value)].map(
    ({ detail, pointer }) => ({ detail, pointer: toPointer(pointer) }),
  );
  return { value: result.ok ? result.value : undefined, mistakes };
}

function unknownMembers(schema: v.GenericSchema | undefined, value: unknown): Mistake[] {
  if (!isObject(value)) return [];
  const known = entriesOf(schema);
  return Object.keys(value)
    .filter((name) => !Object.hasOwn(known, name))
    .map((name) => unknownMember('#', name));
}

/** Drops null members: an optional one counts as absent, a required one as missing. */
function withoutNulls(value: object): object {
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== null));
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The members of an object schema, also of one inside a pipe. */
function entriesOf(schema: v.GenericSchema | undefined): object {
  return schema && 'entries' in schema && typeof schema.entries === 'object' ? (schema.entries ?? {}) : {};
}

function distinct(mistakes: readonly Mistake[]): Mistake[] {
  const seen = new Map(mistakes.map((one) => [`${one.pointer} ${one.detail}`, one]));
  return [...seen.values()];
}

type ReadQuery = { value: Record<string, string>; mistakes: Mistake[] };

/**
 * Reads a query string. Refuses a repeated parameter, because it is unclear which value was meant. Keeps a
 * plus as a plus: addresses and time zones contain one, and no parameter contains a space. `ignored` names a
 * parameter that is not for the route. Throws 400 for text that is not UTF-8.
 */
function readQueryString(rawQueryString: string, ignored?: string): ReadQuery {
  const value: Record<string, string> = {};
  const mistakes: Mistake[] = [];
  const all = [...parametersIn(rawQueryString.replaceAll('+', '%2B'), 'query string')];
  const parameters = all.filter(([name]) => name !== ignored);
  if (parameters.length > MAX_PARAMETERS)
    return { value, mistakes: [{ detail: `has more than ${MAX_PARAMETERS} parameters`, pointer: '#' }] };
  for (const [name, text] of parameters) {
    if (name === '__proto__') mistakes.push(unknownMember('#', name));
    else if (Object.hasOwn(value, name)) mistakes.push(repeatedMember('#', name));
    else value[name] = text;
  }
  return { value, mistakes };
}
