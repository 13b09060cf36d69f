import type * as v from 'valibot';
import type { Config } from '../../config/configuration.ts';
import { type FunctionName, type Route, type RouteKey, routeKeys, routes } from '../routes.ts';
import { bodyDescriptions, EXAMPLE_PURGE, pathParameters, queryDescriptions } from './descriptions.ts';
import { answerSchemas, bodySchema, queryParameters } from './json-schema.ts';
import { operations } from './operations.ts';
import { problemResponses } from './problem-responses.ts';

const one = { name: 'Ending and deleting', description: 'One execution at a time.' };
/** The tag of each function's routes. */
const tagOf: Readonly<Record<FunctionName, { name: string; description: string }>> = {
  trigger: { name: 'Triggering', description: 'Start executions, each once.' },
  query: { name: 'Looking', description: 'Find executions, and see what happened in them.' },
  end: one,
  delete: one,
  purge: { name: 'Purging', description: 'Many executions at a time, in the background.' },
};
/** The tag of the public routes. */
const service = { name: 'Service', description: 'About this API itself. Needs no credentials.' };

const securitySchemes = {
  bearer: { type: 'http', scheme: 'bearer', description: 'The token of a caller that the secret lists.' },
  standardWebhooks: {
    type: 'apiKey',
    in: 'header',
    name: 'webhook-signature',
    description:
      'Standard Webhooks 1.0: with `webhook-id` and `webhook-timestamp`, over the raw body, within five minutes.',
  },
  twilio: {
    type: 'apiKey',
    in: 'header',
    name: 'X-Twilio-Signature',
    description:
      "Twilio's signature over the public URL and the form, or over the URL with `bodySHA256`: made with the Auth Token, or with the customer-owned key that `X-Twilio-Webhooks-Signature-Settings` names. A form has at most 1,000 parameters.",
  },
  iam: {
    type: 'apiKey',
    in: 'header',
    name: 'Authorization',
    description: 'AWS Signature Version 4, where the deployment turns it on.',
  },
};

/** The trigger alone accepts signatures. */
const anySecurity = [{ bearer: [] }, { standardWebhooks: [] }, { twilio: [] }, { iam: [] }];
const unsignedSecurity = [{ bearer: [] }, { iam: [] }];

/** The API as an OpenAPI 3.1 document, made from the table and the schemas that requests are checked with. */
export function openApiDocument({ publicUrl }: Pick<Config, 'publicUrl'>): Record<string, unknown> {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const route of routeKeys) {
    const [method = '', path = ''] = route.split(' ');
    paths[path] = { ...paths[path], [method.toLowerCase()]: operationOf(route) };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'studio-executions',
      version: '1',
      summary: 'Trigger, find, end and purge Twilio Studio flow executions.',
      description: 'JSON in and out. Names follow Twilio’s Node SDK; problems follow RFC 9457.',
      contact: { name: 'The operator of this deployment' },
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: publicUrl ?? '/', description: 'This deployment' }],
    tags: [...new Set(Object.values(tagOf)), service],
    security: anySecurity,
    paths,
    components: { securitySchemes, schemas: answerSchemas },
  };
}

function operationOf(route: RouteKey): Record<string, unknown> {
  const spec: Route = routes[route];
  const { operationId, summary, description, answers } = operations[route];
  const headers = {
    ...(spec.body && replayedHeader),
    ...(route === 'POST /purges' && locationHeader),
  };
  const successes = Object.entries(answers).map(([status, answer]) => {
    const schema = { $ref: `#/components/schemas/${answer.schema}` };
    const content = answer.schema && { content: { 'application/json': { schema } } };
    return [status, { description: answer.description, ...(spec.body && { headers }), ...content }];
  });
  return {
    operationId,
    tags: [(spec.scope === null ? service : tagOf[spec.function]).name],
    summary,
    description: spec.scope === null ? description : `${description}\n\nScope: \`${spec.scope}\`.`,
    ...(spec.scope === null ? { security: [] } : spec.signed ? {} : { security: unsignedSecurity }),
    parameters: parametersOf(route),
    ...(spec.body && { requestBody: requestBodyOf(route, spec.body, spec.form) }),
    responses: { ...Object.fromEntries(successes), ...problemResponses(route) },
  };
}

const replayedHeader = {
  'Idempotent-Replayed': {
    description: '`true` when this is the stored answer of an earlier request with the same key.',
    schema: { type: 'string', enum: ['true'] },
  },
};
const locationHeader = {
  Location: {
    description: 'Where it can be watched, relative to the address that was asked.',
    required: true,
    schema: { type: 'string', format: 'uri-reference' },
    example: `./purges/${EXAMPLE_PURGE}`,
  },
};

function parametersOf(route: RouteKey): Record<string, unknown>[] {
  const { query, body }: Route = routes[route];
  const inPath = [...route.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => {
    return { name, in: 'path', required: true, ...pathParameters[name] };
  });
  const inQuery = query ? queryParameters(query, queryDescriptions) : [];
  return [...inPath, ...inQuery, ...(body ? [idempotencyKey] : [])];
}

const idempotencyKey = {
  name: 'Idempotency-Key',
  in: 'header',
  required: false,
  description:
    'The same key and payload from the same caller act once. Choose a key that is hard to guess. Send it bare or as a quoted string; quote a key that contains a comma. A header that is sent twice arrives joined with a comma and is refused (400) unless both keys are equal.',
  schema: { type: 'string', minLength: 1, maxLength: 255 },
  example: 'order-4711',
};

function requestBodyOf(route: RouteKey, body: v.GenericSchema, takesForm = false) {
  const examples = Object.entries(operations[route].bodies ?? {}).map(([name, value]) => [name, { value }]);
  const json = { schema: bodySchema(body, bodyDescriptions), examples: Object.fromEntries(examples) };
  const form = { schema: formSchema, examples: { form: { value: formExample } } };
  return {
    required: true,
    description:
      'At most 256 KB, at most 32 levels deep. Unknown members and repeated names in an object are refused. An optional member that is null, or an empty form field, counts as absent. Without a Content-Type, the body is read as JSON.',
    content: {
      'application/json': json,
      ...(takesForm && { 'application/x-www-form-urlencoded': form }),
    },
  };
}

/** `Parameters` is JSON as text, as Twilio's own API takes it. */
const formExample = { To: '+15005550008', Parameters: '{"name":"Ann"}' };
const formSchema = {
  type: 'object',
  required: ['To'],
  properties: {
    To: {
      type: 'string',
      description: 'As `to` in JSON. A space before digits is read as a `+` that was not encoded.',
    },
    From: { type: 'string', description: 'As `from` in JSON. A space before digits is read as in `To`.' },
    Parameters: { type: 'string', description: 'A JSON object as text.' },
    OnConflict: { type: 'string', enum: ['fail', 'return', 'replace'] },
  },
  additionalProperties: false,
};
