import { createConfig, lintFromString } from '@redocly/openapi-core';
import { Ajv2020 } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import { describe, expect, test } from 'vitest';
import { openApiDocument } from '../../../../lib/http/openapi/document.ts';
import { problemsOf } from '../../../../lib/http/openapi/problem-responses.ts';
import { problems } from '../../../../lib/http/problems.ts';
import { routeKeys, routes } from '../../../../lib/http/routes.ts';

// The tests reach into a document of any shape.
// biome-ignore lint/suspicious/noExplicitAny: what is expected of it is said by each test
const document: any = openApiDocument({ publicUrl: 'https://executions.example.net' });
const operations = routeKeys.map((route) => {
  const [method = '', path = ''] = route.split(' ');
  return { route, operation: document.paths[path]?.[method.toLowerCase()] };
});

type Answer = { headers?: Record<string, Media>; content?: Record<string, Media> };
type Media = { example?: unknown; examples?: Record<string, { value: unknown }> };

async function lint(source: unknown): Promise<string[]> {
  const config = await createConfig({ extends: ['recommended'] });
  const found = await lintFromString({
    source: JSON.stringify(source),
    absoluteRef: '/openapi.json',
    config,
  });
  return found.map(({ ruleId, message, location }) => `${ruleId} ${message} ${location[0]?.pointer ?? ''}`);
}

describe('the OpenAPI document', () => {
  test('passes a public linter’s recommended rules', async () => {
    expect(await lint(document)).toEqual([]);
  });

  test('would not pass it with a mistake', async () => {
    const spoilt = structuredClone(document);
    delete spoilt.paths['/flows'].get.operationId;
    spoilt.paths['/flows'].get.responses = {
      200: {
        description: 'x',
        content: { 'application/json': { schema: { $ref: '#/components/schemas/Nothing' } } },
      },
    };
    const found = (await lint(spoilt)).join('\n');
    expect(found).toContain('operation-operationId');
    expect(found).toContain('no-unresolved-refs');
    expect(found).toContain('operation-4xx-response');
  });

  test('has the routes of the table and no others', () => {
    const documented = Object.entries<Record<string, unknown>>(document.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
    expect(documented.toSorted()).toEqual(routeKeys.toSorted());
  });

  test('asks for credentials on every route but the two public ones, and names the scope', () => {
    expect(document.security).toHaveLength(4);
    for (const { route, operation } of operations) {
      const { scope } = routes[route];
      // The document's own list names signatures too, which open the trigger only.
      const bearerOrIam = 'signed' in routes[route] ? undefined : [{ bearer: [] }, { iam: [] }];
      expect([route, operation.security]).toEqual([route, scope === null ? [] : bearerOrIam]);
      if (scope !== null) expect(operation.description).toContain(`Scope: \`${scope}\``);
    }
    expect(operations.filter(({ route }) => routes[route].scope === null).map(({ route }) => route)).toEqual([
      'GET /health',
      'HEAD /health',
      'GET /openapi.json',
      'HEAD /openapi.json',
    ]);
  });

  test('every problem has a route that answers with it', () => {
    const answered = new Set([...routeKeys.flatMap(problemsOf), 'unknown-route']);
    expect([...answered].toSorted()).toEqual(Object.keys(problems).toSorted());
  });

  test('its examples are what its schemas say', () => {
    const ajv = new Ajv2020({ strict: false, allErrors: true });
    formats.default(ajv);
    ajv.addSchema(document, 'openapi');
    let examples = 0;
    const check = (pointer: string, schemaPointer: string, value: unknown) => {
      examples++;
      const validate = ajv.compile({ $ref: `openapi#${schemaPointer}` });
      validate(value);
      expect([pointer, validate.errors ?? []]).toEqual([pointer, []]);
    };
    const media = (content: Record<string, Media> | undefined, pointer: string) => {
      for (const [type, one] of Object.entries(content ?? {})) {
        const at = `${pointer}/${pointerSegment(type)}`;
        if (one.example !== undefined) check(at, `${at}/schema`, one.example);
        for (const [name, { value }] of Object.entries(one.examples ?? {}))
          check(`${at}/${name}`, `${at}/schema`, value);
      }
    };
    for (const { route, operation } of operations) {
      const [method = '', path = ''] = route.split(' ');
      const at = `/paths/${pointerSegment(path)}/${method.toLowerCase()}`;
      media(operation.requestBody?.content, `${at}/requestBody/content`);
      for (const [status, { content, headers }] of Object.entries<Answer>(operation.responses)) {
        media(content, `${at}/responses/${status}/content`);
        media(headers, `${at}/responses/${status}/headers`);
      }
      for (const [index, parameter] of (operation.parameters ?? []).entries())
        if ('example' in parameter)
          check(`${at}/${index}`, `${at}/parameters/${index}/schema`, parameter.example);
    }
    expect(examples).toBeGreaterThan(200);
  });

  test('says what every refusal looks like', () => {
    for (const { route, operation } of operations)
      for (const [status, { content }] of Object.entries<Answer>(operation.responses)) {
        const types = Object.keys(content ?? {});
        const said = Number(status) < 400 ? 'application/json' : /^application\/(problem\+)?json$/;
        const hasBody = !(route.startsWith('HEAD ') && status === '200');
        expect([route, status, types.length > 0]).toEqual([route, status, hasBody]);
        for (const type of types) expect(type).toMatch(said);
      }
  });

  test('gives a generated client a type for every member that is this service’s own', () => {
    const { Purge, Problem, Failure } = document.components.schemas;
    expect(Purge.properties.request.properties).toHaveProperty('olderThan');
    for (const name of ['conflictingExecutionSid', 'errors', 'studio'])
      expect(Problem.properties).toHaveProperty(name);
    for (const time of [Purge.properties.dateStarted, Purge.properties.window.properties.to])
      expect(time).toEqual({ type: 'string', format: 'date-time' });
    expect(Failure.properties.dateCreated.anyOf[0].format).toBe('date-time');
    const { headers } = document.paths['/purges'].post.responses[202];
    expect(headers.Location.schema).toEqual({ type: 'string', format: 'uri-reference' });
  });

  test('says when to come again where a problem passes by itself', () => {
    for (const { operation } of operations)
      for (const { headers, content } of Object.values<Answer>(operation.responses)) {
        const slugs = Object.keys(content?.['application/problem+json']?.examples ?? {});
        expect([slugs, 'Retry-After' in (headers ?? {})]).toEqual([
          slugs,
          slugs.some((slug) => /throttled|unavailable|in-progress|outcome-unknown/.test(slug)),
        ]);
      }
  });

  test('says of every header that a problem may have', () => {
    const always = { 401: 'WWW-Authenticate', 415: 'Accept' };
    for (const { operation } of operations)
      for (const [status, name] of Object.entries(always))
        if (operation.responses[status]) expect(operation.responses[status].headers).toHaveProperty([name]);
  });

  test('says of the bodies and query strings what the schemas check', () => {
    const { requestBody } = document.paths['/flows/{flow}/executions'].post;
    expect(requestBody.content['application/json'].schema).toMatchObject({
      type: 'object',
      required: ['to'],
      additionalProperties: false,
      properties: {
        to: { type: 'string', maxLength: 300 },
        parameters: { anyOf: [{ type: 'object' }, { type: 'null' }] },
        onConflict: { anyOf: [{ enum: ['fail', 'return', 'replace'] }, { type: 'null' }] },
      },
    });
    const purge = document.paths['/purges'].post.requestBody.content['application/json'].schema;
    expect(purge).toMatchObject({ required: ['flows'], additionalProperties: false });
    expect(purge.properties.dryRun).toMatchObject({
      anyOf: [{ type: 'boolean' }, { type: 'null' }],
      default: true,
    });
    const ajv = new Ajv2020({ strict: false });
    for (const [name, member] of Object.entries(purge.properties))
      expect([name, ajv.validate(member as object, null)]).toEqual([name, name !== 'flows']);
    const list = document.paths['/executions'].get.parameters;
    expect(list.map(({ name }: { name: string }) => name)).toEqual([
      'status',
      'dateCreatedFrom',
      'dateCreatedTo',
      'contact',
      'limit',
      'cursor',
    ]);
    expect(list[4].schema).toMatchObject({ type: 'integer', minimum: 1, maximum: 1_000, default: 50 });
  });
});

function pointerSegment(segment: string): string {
  return segment.replaceAll('~', '~0').replaceAll('/', '~1').replaceAll('{', '%7B').replaceAll('}', '%7D');
}
