import { Ajv, type ValidateFunction } from 'ajv';
import formats from 'ajv-formats';
import { formOf } from '../../infra/simulator/faults/journal.ts';
import type { Exchange } from '../../infra/simulator/options.ts';
import { type DocumentedOperation, readDocument, type Schema, type Version } from './openapi-document.ts';

/**
 * Judges requests to Studio and its answers by Twilio's OpenAPI documents. Stricter than they are in one way:
 * an answer has every documented member and no other, since what a stand-in makes up or leaves out would
 * pass unseen otherwise.
 */
export type Verdict = { operation: string | null; mistakes: string[] };

const documents = { v1: readDocument('v1'), v2: readDocument('v2') };
export const untypedSchemas = { v1: documents.v1.untyped, v2: documents.v2.untyped };

// Query and form values are texts: ajv turns them into what the schema says before it checks.
const ajv = new Ajv({ strict: false, allErrors: true, coerceTypes: 'array' });
const exactAjv = new Ajv({ strict: false, allErrors: true });
for (const one of [ajv, exactAjv]) {
  formats.default(one);
  // `To` and `From` are also whatsapp:…, client:… and MG…: the document's format is a wish.
  one.addFormat('phone-number', true);
}
for (const version of ['v1', 'v2'] as const) {
  const { schemas } = documents[version];
  const closed = Object.fromEntries(Object.entries(schemas).map(([name, schema]) => [name, close(schema)]));
  ajv.addSchema({ $id: version, components: { schemas } });
  exactAjv.addSchema({ $id: version, components: { schemas: closed } });
}

const operations = [...documents.v2.operations, ...documents.v1.operations].map((operation) => ({
  ...operation,
  pattern: new RegExp(`^${operation.path.replace(/\{\w+\}/g, '([^/]+)')}$`),
  names: [...operation.path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name ?? ''),
}));

const twilioError = exactAjv.compile({
  type: 'object',
  required: ['code', 'message', 'more_info', 'status'],
  additionalProperties: false,
  properties: {
    code: { type: 'integer' },
    message: { type: 'string' },
    more_info: { type: 'string', format: 'uri' },
    status: { type: 'integer', minimum: 400, maximum: 599 },
    details: { type: ['object', 'null'] },
  },
});
/** What Twilio's SDK takes for an error of the newer kind: RFC 9457 with a code. */
const problem = exactAjv.compile({
  type: 'object',
  required: ['type', 'title', 'status', 'code'],
  properties: {
    type: { type: 'string', format: 'uri-reference' },
    title: { type: 'string' },
    status: { type: 'integer', minimum: 400, maximum: 599 },
    code: { type: 'integer' },
    detail: { type: 'string' },
  },
});
const validators = new Map<string, ValidateFunction>();

/** Whether this is a call that Studio has, with parameters that it declares. `form`: the parsed body. */
export function judgeRequest(method: string, url: string, form: URLSearchParams): Verdict {
  const { pathname, searchParams } = new URL(url);
  const candidates = operations.filter((one) => one.method === method && one.pattern.test(pathname));
  // /Flows/Validate fits /Flows/{Sid} too: the path with fewer placeholders is meant.
  const operation = candidates.sort((a, b) => a.names.length - b.names.length)[0];
  if (!operation) return { operation: null, mistakes: [`${method} ${pathname} is no operation of Studio`] };
  const parameters: Record<string, Record<string, Schema>> = { path: {}, query: {} };
  for (const { name, in: place, schema } of operation.parameters) {
    const group = parameters[place];
    if (group) group[name] = schema;
  }
  const values = operation.pattern.exec(pathname)?.slice(1) ?? [];
  const inPath = Object.fromEntries(operation.names.map((name, index) => [name, values[index] ?? '']));
  const body = operation.requestBody?.content['application/x-www-form-urlencoded']?.schema;
  const formSchema = body ? { ...body, additionalProperties: false } : objectOf({});
  return {
    operation: operation.operationId,
    mistakes: [
      ...check(ajv, `${key(operation)} path`, objectOf(parameters['path'] ?? {}), inPath),
      ...check(
        ajv,
        `${key(operation)} query`,
        objectOf(parameters['query'] ?? {}),
        formOf(String(searchParams)),
      ),
      ...check(ajv, `${key(operation)} form`, formSchema, formOf(String(form))),
    ],
  };
}

/** Whether Studio could have answered this. `body` is the parsed JSON, undefined for none. */
export function judgeAnswer(
  operation: string,
  status: number,
  body: unknown,
  version: Version = 'v2',
): string[] {
  const documented = operations.find((one) => one.operationId === operation && one.version === version);
  if (!documented) return [`${operation} is no operation of Studio ${version}`];
  if (status >= 400) {
    return problem(body) || twilioError(body) ? [] : mistakesOf(`${operation} ${status}`, twilioError);
  }
  const response = documented.responses[String(status)];
  if (!response) return [`${operation} never answers ${status}`];
  const schema = response.content?.['application/json']?.schema;
  if (!schema) return body === undefined ? [] : [`${operation} ${status} has no body`];
  return check(exactAjv, `${key(documented)} ${status}`, close(schema), body);
}

/** Both, of what went over the wire. */
export function judgeExchange(exchange: Exchange): string[] {
  const { method, url, status, requestBody } = exchange;
  // What Studio itself refused as wrong is a test of that refusal.
  const isRefused = status !== null && status >= 400 && status < 500 && status !== 409 && status !== 429;
  const verdict = isRefused ? undefined : judgeRequest(method, url, new URLSearchParams(requestBody));
  return [...(verdict?.mistakes ?? []), ...judgeWatchedAnswer(exchange)];
}

/** The answer alone; one that was spoiled on purpose is not judged. */
export function judgeWatchedAnswer({ operation, status, version, fault, responseBody }: Exchange): string[] {
  if (operation === null || status === null || fault !== null) return [];
  const body: unknown = responseBody ? JSON.parse(responseBody) : undefined;
  return judgeAnswer(operation, status, body, version);
}

function key({ version, operationId }: DocumentedOperation): string {
  return `${version} ${operationId}`;
}

function objectOf(properties: Record<string, Schema>): Schema {
  return { type: 'object', properties, additionalProperties: false };
}

function check(by: Ajv, name: string, schema: Schema, value: unknown): string[] {
  const validate = validators.get(name) ?? by.compile(schema);
  validators.set(name, validate);
  return validate(value) ? [] : mistakesOf(name, validate);
}

function mistakesOf(name: string, { errors }: ValidateFunction): string[] {
  return (errors ?? []).map(({ instancePath, message, params }) => {
    const member = params['additionalProperty'];
    return `${name}${instancePath} ${message}${member === undefined ? '' : `: ${member}`}`;
  });
}

/** Every declared property required, no other allowed; also in what is inside. */
function close(schema: Schema): Schema {
  const { properties, items } = schema;
  const closed = { ...schema };
  if (isSchema(items)) closed['items'] = close(items);
  if (!isSchema(properties)) return closed;
  closed['properties'] = Object.fromEntries(
    Object.entries(properties).map(([name, one]) => [name, isSchema(one) ? close(one) : one]),
  );
  return { ...closed, required: Object.keys(properties), additionalProperties: false };
}

function isSchema(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
