import type { Template } from 'aws-cdk-lib/assertions';
import { beforeAll, describe, expect, it } from 'vitest';
import { openApiDocument } from '../../../lib/http/openapi/document.ts';
import { routeKeys, routes, UNMATCHED_ROUTE } from '../../../lib/http/routes.ts';
import { sampleConfig, synthesize } from '../../support/synthesized.ts';

type Route = { RouteKey: string; AuthorizationType: string; Target: unknown };

function routesOf(template: Template): Route[] {
  return Object.values(template.findResources('AWS::ApiGatewayV2::Route')).map(
    ({ Properties }) => Properties,
  );
}

const authorizations = (template: Template) =>
  Object.fromEntries(
    routesOf(template).map(({ RouteKey, AuthorizationType }) => [RouteKey, AuthorizationType]),
  );

describe('the HTTP API', () => {
  let template: Template;
  beforeAll(() => {
    ({ template } = synthesize());
  });

  it('has exactly the routes of the route table, and one for what none of them matches', () => {
    const deployed = routesOf(template).map(({ RouteKey }) => RouteKey);
    expect(deployed.toSorted()).toEqual([...routeKeys, UNMATCHED_ROUTE].toSorted());
  });

  it('has exactly the routes that the OpenAPI document describes', () => {
    const { paths } = openApiDocument({ publicUrl: undefined });
    const described = Object.entries(Object(paths)).flatMap(([path, operations]) =>
      Object.keys(Object(operations))
        .filter((method) => ['get', 'head', 'post', 'put', 'patch', 'delete'].includes(method))
        .map((method) => `${method.toUpperCase()} ${path}`),
    );
    const deployed = routesOf(template).map(({ RouteKey }) => RouteKey);
    expect([...described, UNMATCHED_ROUTE].toSorted()).toEqual(deployed.toSorted());
  });

  it('leads each route to the function that the route table names', () => {
    const integrations = template.findResources('AWS::ApiGatewayV2::Integration');
    const functionOf = ({ Target }: Route) => {
      const id = /"Ref":"([^"]+)"/.exec(JSON.stringify(Target))?.[1] ?? '';
      const uri = JSON.stringify(integrations[id]?.['Properties'].IntegrationUri);
      return /Studio([A-Z][a-z]+)Function/.exec(uri)?.[1]?.toLowerCase();
    };
    const deployed = Object.fromEntries(
      routesOf(template).map((route) => [route.RouteKey, functionOf(route)]),
    );
    expect(deployed).toEqual({
      ...Object.fromEntries(routeKeys.map((key) => [key, routes[key].function])),
      [UNMATCHED_ROUTE]: 'query',
    });
  });

  it('slows the trigger to what Studio takes from an account', () => {
    template.hasResourceProperties('AWS::ApiGatewayV2::Stage', {
      DefaultRouteSettings: { ThrottlingRateLimit: 100, ThrottlingBurstLimit: 200 },
      RouteSettings: {
        'POST /flows/{flow}/executions': { ThrottlingRateLimit: 20, ThrottlingBurstLimit: 20 },
      },
    });
  });

  it('logs each request as JSON, without the address of who sent it, the path or the query', () => {
    const [stage] = Object.values(template.findResources('AWS::ApiGatewayV2::Stage'));
    const format = stage?.['Properties'].AccessLogSettings.Format;
    expect(JSON.parse(format)).toMatchObject({
      requestId: '$context.requestId',
      routeKey: '$context.routeKey',
    });
    expect(format).not.toMatch(/identity|sourceIp|userAgent|\$context\.path|domainName|querystring/i);
  });

  it('lets nobody in from other origins', () => {
    const [api] = Object.values(template.findResources('AWS::ApiGatewayV2::Api'));
    expect(api?.['Properties'].CorsConfiguration).toBeUndefined();
  });

  it('tells the functions its own address, which Twilio’s signatures are checked against', () => {
    const functions = Object.values(template.findResources('AWS::Lambda::Function'));
    for (const { Properties } of functions)
      expect(JSON.stringify(Properties.Environment.Variables.STUDIO_CONFIG)).toContain('ApiEndpoint');
  });

  it('leaves it to the functions to know the callers', () => {
    expect(new Set(Object.values(authorizations(template)))).toEqual(new Set(['NONE']));
  });
});

describe('the HTTP API, set otherwise', () => {
  it('takes browsers from the configured origins, a public address, and IAM on every guarded route', () => {
    const { template } = synthesize(
      { iam: { routes: 'all', scopes: ['trigger', 'read'], flows: ['welcome'] } },
      {
        ...sampleConfig,
        corsOrigins: ['https://console.example.com/'],
        publicUrl: 'https://api.example.com',
      },
    );
    const [api] = Object.values(template.findResources('AWS::ApiGatewayV2::Api'));
    expect(api?.['Properties'].CorsConfiguration.AllowOrigins).toEqual(['https://console.example.com']);

    const open = Object.entries(authorizations(template)).filter(([, type]) => type !== 'AWS_IAM');
    expect(
      open
        .map(([key]) => key)
        .filter((key) => !key.endsWith(' /{proxy+}'))
        .toSorted(),
    ).toEqual(['GET /health', 'GET /openapi.json', 'HEAD /health', 'HEAD /openapi.json']);

    for (const [id, { Properties }] of Object.entries(template.findResources('AWS::Lambda::Function'))) {
      const { STUDIO_CONFIG, STUDIO_IAM_SCOPES, STUDIO_IAM_FLOWS } = Properties.Environment.Variables;
      expect(JSON.parse(STUDIO_CONFIG)).toMatchObject({ publicUrl: 'https://api.example.com' });
      expect(STUDIO_IAM_SCOPES).toBe(id.includes('Worker') ? undefined : 'trigger,read');
      expect(STUDIO_IAM_FLOWS).toBe(id.includes('Worker') ? undefined : 'welcome');
    }
  });

  it('leaves the preflights of browsers to API Gateway, which answers them where no route has their method', () => {
    const { template } = synthesize({}, { ...sampleConfig, corsOrigins: ['https://console.example.com'] });
    const keys = routesOf(template).map(({ RouteKey }) => RouteKey);
    expect(keys.filter((key) => /^(ANY|OPTIONS) |^\$default$/.test(key))).toEqual([]);
    const unmatched = ['DELETE', 'GET', 'HEAD', 'PATCH', 'POST', 'PUT'].map(
      (method) => `${method} /{proxy+}`,
    );
    expect(keys.toSorted()).toEqual([...routeKeys, ...unmatched].toSorted());
  });

  it('leaves the trigger to webhook senders when only operators are to sign', () => {
    const { template } = synthesize({ iam: { routes: 'all-but-trigger', scopes: ['read'] } });
    expect(authorizations(template)).toMatchObject({
      'POST /flows/{flow}/executions': 'NONE',
      'GET /executions': 'AWS_IAM',
    });
  });
});
