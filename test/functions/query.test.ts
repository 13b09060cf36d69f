import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import { beforeAll, describe, expect, test } from 'vitest';
import { EXAMPLE_PURGE } from '../../lib/http/openapi/descriptions.ts';
import { routeKeys, routes } from '../../lib/http/routes.ts';
import { type Answer, type CallOptions, finished, WELCOME, worldOfFile } from '../support/local/world.ts';

const NO_EXECUTION = `FN${'0'.repeat(32)}`;
const NO_STEP = `FT${'0'.repeat(32)}`;
/**
 * The document that the built bundle serves, held against the local run: each example is sent, and each
 * answer is what the document says of its status.
 */
const { studio, call, local } = await worldOfFile();
let document: Answer['body'];
let ajv: Ajv2020;
/** Status and operation of every answer so far. */
const answered = new Set<string>();
/** What stands in the run for the SIDs of the examples. */
const stand = { execution: '', step: '', purge: '' };

beforeAll(async () => {
  studio.store.seed({ flowSid: WELCOME, count: 30, activeShare: 0.2, contact: '+15005550001' });
  const executions = [...studio.store.list()];
  stand.execution = executions.find(({ status }) => status === 'ended')?.sid ?? '';
  document = (await call('GET', '/openapi.json', { token: null })).body;
  ajv = new Ajv2020({ strict: false, allErrors: true });
  formats.default(ajv);
  // Callers must let unknown members pass; this API must not have any.
  ajv.addSchema({ ...document, components: { schemas: closed(document.components.schemas) } }, 'openapi');
  const steps = await send('GET', '/flows/{flow}/executions/{execution}/steps');
  stand.step = steps.body.steps[0].sid;
  const purge = await send('POST', '/purges', { body: { flows: ['welcome'], olderThan: 'P1D' } });
  stand.purge = purge.body.id;
  await finished(call, stand.purge);
});

function pathOf(template: string, execution = stand.execution): string {
  return template
    .replace('{flow}', 'welcome')
    .replace('{execution}', execution)
    .replace('{step}', stand.step)
    .replace('{purge}', stand.purge);
}

/** Sends to a documented path, and holds the answer against what is documented of it. */
async function send(
  method: string,
  template: string,
  { path = pathOf(template), ...options }: CallOptions & { path?: string } = {},
): Promise<Answer> {
  const answer = await call(method, path, options);
  const operation = document.paths[template]?.[method.toLowerCase()];
  const response = operation.responses[answer.status];
  expect([method, template, answer.status, response !== undefined]).toEqual([
    method,
    template,
    answer.status,
    true,
  ]);
  answered.add(`${operation.operationId} ${answer.status}`);
  const mediaType = answer.headers.get('content-type')?.split(';')[0] ?? '';
  const content = response.content[mediaType];
  expect([template, mediaType, content !== undefined]).toEqual([template, mediaType, true]);
  const validate = validatorOf(content.schema.$ref);
  validate(answer.body);
  expect([template, answer.status, validate.errors ?? []]).toEqual([template, answer.status, []]);
  for (const [name, { required, schema }] of Object.entries<Answer['body']>(response.headers ?? {})) {
    const text = answer.headers.get(name);
    expect([template, answer.status, name, text !== null || !(required || answer.status === 503)]).toEqual([
      template,
      answer.status,
      name,
      true,
    ]);
    const value = schema.type === 'integer' ? Number(text) : text;
    if (text !== null) expect([template, name, text, ajv.validate(schema, value)]).toContain(true);
  }
  return answer;
}

function closed(schemas: Record<string, Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(schemas).map(([name, schema]) => [
      name,
      { additionalProperties: !('properties' in schema), ...schema },
    ]),
  );
}

function validatorOf(reference: string): ValidateFunction {
  return ajv.getSchema(`openapi${reference}`) ?? ajv.compile({ $ref: `openapi${reference}` });
}

describe('the OpenAPI document, held against the local run', () => {
  test('is served to anybody, and names where it is served', () => {
    expect(document.openapi).toBe('3.1.0');
    expect(document.servers[0].url).toBe(local.url);
  });

  test.each(routeKeys.filter((route) => route.startsWith('GET ')))(
    '%s answers as documented',
    async (route) => {
      const [method = '', template = ''] = route.split(' ');
      expect((await send(method, template)).status).toBe(200);
    },
  );

  test.each(routeKeys.filter((route) => routes[route].scope !== null))(
    '%s refuses as documented',
    async (route) => {
      const [method = '', template = ''] = route.split(' ');
      expect((await send(method, template, { token: null })).status).toBe(401);
      expect(
        (await send(method, template, { token: 'local-reader', path: `${pathOf(template)}?x=1` })).status,
      ).toBe(routes[route].scope === 'read' ? 422 : 403);
      if (template.includes('{flow}'))
        expect(
          (await send(method, template, { path: pathOf(template).replace('welcome', 'nobody') })).status,
        ).toBe(404);
    },
  );

  test('every example of a body is taken', async () => {
    for (const route of routeKeys.filter((key) => 'body' in routes[key])) {
      const [method = '', template = ''] = route.split(' ');
      const { content } = document.paths[template][method.toLowerCase()].requestBody;
      for (const [mediaType, { examples }] of Object.entries<Answer['body']>(content))
        for (const { value } of Object.values<Answer['body']>(examples)) {
          const body = mediaType === 'application/json' ? value : new URLSearchParams(value);
          const { status } = await send(method, template, { body });
          expect([route, value, status]).toEqual([route, value, template === '/purges' ? 202 : 201]);
        }
    }
  });

  test('every example of a query parameter is taken', async () => {
    const taken: string[] = [];
    for (const route of routeKeys.filter((key) => key.startsWith('GET '))) {
      const [, template = ''] = route.split(' ');
      for (const { name, in: where, schema } of document.paths[template].get.parameters ?? [])
        for (const example of where === 'query' ? (schema.examples ?? []) : []) {
          const path = `${pathOf(template)}?${name}=${encodeURIComponent(example)}`;
          const { status } = await send('GET', template, { path });
          expect([path, status]).toEqual([path, 200]);
          taken.push(name);
        }
    }
    expect(new Set(taken)).toEqual(new Set(['dateCreatedFrom', 'dateCreatedTo', 'contact']));
  });

  test('the conflicts of an active execution are as documented', async () => {
    const contact = '+15005550009';
    const template = '/flows/{flow}/executions';
    const first = await send('POST', template, { body: { to: contact } });
    expect((await send('POST', template, { body: { to: contact } })).status).toBe(409);
    expect((await send('POST', template, { body: { to: contact, onConflict: 'return' } })).body.outcome).toBe(
      'existing',
    );
    const path = `/flows/welcome/executions/${first.body.execution.sid}`;
    expect((await send('DELETE', `${template}/{execution}`, { path })).status).toBe(409);
    expect((await send('POST', `${template}/{execution}/end`, { path: `${path}/end` })).body.outcome).toBe(
      'ended',
    );
    expect((await send('POST', `${template}/{execution}/end`, { path: `${path}/end` })).body.outcome).toBe(
      'already-ended',
    );
    expect((await send('DELETE', `${template}/{execution}`, { path })).body.outcome).toBe('deleted');
    expect((await send('DELETE', `${template}/{execution}`, { path })).body.outcome).toBe('already-gone');
    expect((await send('GET', `${template}/{execution}`, { path })).status).toBe(404);
  });

  test('what cannot be read is refused as documented', async () => {
    const template = '/flows/{flow}/executions';
    const json = { 'content-type': 'application/json' };
    expect((await send('POST', template, { body: '{"to":', headers: json })).status).toBe(400);
    expect(
      (await send('POST', template, { body: 'hello', headers: { 'content-type': 'text/plain' } })).status,
    ).toBe(415);
    expect((await send('POST', template, { body: ' '.repeat(300_000), headers: json })).status).toBe(413);
    expect((await send('POST', template, { body: {} })).status).toBe(422);
    expect((await send('POST', '/purges', { body: { flows: 'all' } })).status).toBe(422);
    expect((await send('GET', '/purges/{purge}', { path: `/purges/${EXAMPLE_PURGE}` })).status).toBe(404);
    for (const part of ['', '/context', '/steps', `/steps/${NO_STEP}`]) {
      const path = `/flows/welcome/executions/${NO_EXECUTION}${part}`;
      const documented = `/flows/{flow}/executions/{execution}${part.replace(NO_STEP, '{step}')}`;
      expect((await send('GET', documented, { path })).status).toBe(404);
    }
  });

  test('a purge that is over is stopped already', async () => {
    expect((await send('POST', '/purges/{purge}/stop')).status).toBe(200);
  });

  test('Studio’s trouble is told as documented', async () => {
    const trouble = async (status: number) => {
      studio.behave({ faults: [{ kind: 'error', status }] });
      const answer = await send('GET', '/flows/{flow}/executions/{execution}');
      studio.behave({ faults: [] });
      return answer.status;
    };
    expect(await trouble(403)).toBe(502);
    studio.behave({ faults: [{ kind: 'other-json' }] });
    expect((await send('GET', '/flows/{flow}')).status).toBe(502);
    studio.behave({ faults: [] });
  });

  test('every success that is documented was met', () => {
    // HEAD has no body to be held against a schema: its own test is below.
    const missed = routeKeys
      .filter((route) => !route.startsWith('HEAD '))
      .flatMap((route) => {
        const [method = '', template = ''] = route.split(' ');
        const { operationId, responses } = document.paths[template][method.toLowerCase()];
        return Object.keys(responses)
          .filter((status) => status.startsWith('2') && !answered.has(`${operationId} ${status}`))
          .map((status) => `${operationId} ${status}`);
      });
    // To stop one that still runs takes a purge that lasts: see the tests of purges.
    expect(missed).toEqual(['stopPurge 202']);
  });
});

test('HEAD answers for the two public routes without a body, and opens no other route', async () => {
  const head = async (path: string) => {
    const headers = { authorization: 'Bearer local-admin' };
    const response = await fetch(`${local.url}${path}`, { method: 'HEAD', headers });
    return [response.status, response.headers.get('content-type'), await response.text()];
  };
  expect(await head('/health')).toEqual([200, 'application/json', '']);
  expect(await head('/openapi.json')).toEqual([200, 'application/json', '']);
  for (const path of ['/flows', '/executions', '/purges', '/flows/welcome/executions', '/docs'])
    expect(await head(path)).toEqual([404, 'application/problem+json', '']);
});
