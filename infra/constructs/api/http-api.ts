import { Duration, Names, RemovalPolicy, Validations } from 'aws-cdk-lib';
import { AccessLogFormat } from 'aws-cdk-lib/aws-apigateway';
import {
  CfnStage,
  CorsHttpMethod,
  HttpApi,
  HttpMethod,
  HttpNoneAuthorizer,
  HttpRoute,
  HttpRouteKey,
  HttpStage,
  type IHttpRouteAuthorizer,
  LogGroupLogDestination,
} from 'aws-cdk-lib/aws-apigatewayv2';
import { HttpIamAuthorizer } from 'aws-cdk-lib/aws-apigatewayv2-authorizers';
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import type { Key } from 'aws-cdk-lib/aws-kms';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import {
  type FunctionName,
  type RouteKey,
  routeKeys,
  routes,
  UNMATCHED_FUNCTION,
} from '../../../lib/http/routes.ts';
import type { Settings } from '../deployment-settings.ts';
import type { StudioFunction } from './studio-function.ts';

/** The time that browsers cache the response to a preflight. */
const PREFLIGHT_MAX_AGE = Duration.hours(1);
const API_NAME_LENGTH = 128;
const TRIGGER_ROUTE = 'POST /flows/{flow}/executions' satisfies RouteKey;

/**
 * The access log: one line of JSON a request. It omits the caller's address, the path and the query, which
 * may identify executions and contacts. The request id leads to the functions' logs.
 */
const ACCESS_LOG = {
  requestId: '$context.requestId',
  time: '$context.requestTime',
  routeKey: '$context.routeKey',
  status: '$context.status',
  latencyMs: '$context.responseLatency',
  integrationLatencyMs: '$context.integrationLatency',
  integrationStatus: '$context.integrationStatus',
  integrationError: '$context.integrationErrorMessage',
  error: '$context.error.message',
  responseBytes: '$context.responseLength',
};

type ApiProps = { corsOrigins: readonly string[] };

type RouteProps = {
  functions: Record<FunctionName, StudioFunction>;
  settings: Settings;
  key: Key | undefined;
};

/**
 * The HTTP API. It is created before the functions, whose configuration contains its address. `serve` adds
 * the routes, which need the functions.
 */
export class Api extends Construct {
  readonly api: HttpApi;
  readonly #takesBrowsers: boolean;

  constructor(scope: Construct, id: string, { corsOrigins }: ApiProps) {
    super(scope, id);
    this.#takesBrowsers = corsOrigins.length > 0;
    this.api = new HttpApi(this, 'Api', {
      apiName: Names.uniqueResourceName(this, { maxLength: API_NAME_LENGTH, separator: '-' }),
      description: 'Triggers, finds, ends and purges executions of Twilio Studio flows',
      createDefaultStage: false,
      ...(corsOrigins.length > 0 && {
        corsPreflight: {
          allowOrigins: corsOrigins.map(originOf),
          allowMethods: [CorsHttpMethod.GET, CorsHttpMethod.POST, CorsHttpMethod.DELETE],
          allowHeaders: ['authorization', 'content-type', 'idempotency-key'],
          exposeHeaders: ['idempotent-replayed', 'location', 'retry-after'],
          maxAge: PREFLIGHT_MAX_AGE,
        },
      }),
    });
  }

  /** The address, without a slash at its end. */
  get url(): string {
    return this.api.apiEndpoint;
  }

  /** Adds the routes of the route table and returns the stage that serves them. */
  serve({ functions, settings, key }: RouteProps): HttpStage {
    Validations.of(this).acknowledge({
      id: 'AwsSolutions-APIG4',
      reason:
        'Callers are known by tokens and by signatures over the raw body, which only the functions can check',
    });
    const integrations = {
      trigger: new HttpLambdaIntegration('Trigger', functions.trigger.function),
      query: new HttpLambdaIntegration('Query', functions.query.function),
      end: new HttpLambdaIntegration('End', functions.end.function),
      delete: new HttpLambdaIntegration('Delete', functions.delete.function),
      purge: new HttpLambdaIntegration('Purge', functions.purge.function),
    } satisfies Record<FunctionName, HttpLambdaIntegration>;

    const added = new Map<string, HttpRoute>();
    for (const routeKey of routeKeys) {
      const [method, path] = split(routeKey);
      const route = new HttpRoute(this, routeKey.replaceAll('/', '.'), {
        httpApi: this.api,
        routeKey: HttpRouteKey.with(path, method),
        integration: integrations[routes[routeKey].function],
        authorizer: authorizerOf(routeKey, settings.iam),
      });
      added.set(routeKey, route);
    }
    // Requests that match no route get a problem of this API, not API Gateway's own response.
    for (const [id, routeKey] of unmatched(this.#takesBrowsers))
      new HttpRoute(this, id, { httpApi: this.api, routeKey, integration: integrations[UNMATCHED_FUNCTION] });
    return this.#stage(settings, key, added.get(TRIGGER_ROUTE));
  }

  #stage({ throttling, logRetentionDays }: Settings, key: Key | undefined, trigger: HttpRoute | undefined) {
    const accessLogs = new LogGroup(this, 'AccessLogs', {
      retention: logRetentionDays,
      removalPolicy: RemovalPolicy.DESTROY,
      ...(key && { encryptionKey: key }),
    });
    const stage = new HttpStage(this, 'Stage', {
      httpApi: this.api,
      stageName: '$default',
      autoDeploy: true,
      throttle: { rateLimit: throttling.requestsPerSecond, burstLimit: throttling.burst },
      accessLogSettings: {
        destination: new LogGroupLogDestination(accessLogs),
        format: AccessLogFormat.custom(JSON.stringify(ACCESS_LOG)),
      },
    });
    const resource = stage.node.defaultChild;
    if (!(resource instanceof CfnStage) || !trigger)
      throw new Error('The stage has no trigger route to slow');
    // CDK supports throttling only for a whole stage. API Gateway refuses settings of a route that does not
    // exist yet.
    resource.routeSettings = {
      [TRIGGER_ROUTE]: {
        ThrottlingRateLimit: throttling.triggersPerSecond,
        ThrottlingBurstLimit: throttling.triggerBurst,
      },
    };
    resource.node.addDependency(trigger);
    return stage;
  }
}

function split(routeKey: RouteKey): [HttpMethod, string] {
  const [name = '', path = ''] = routeKey.split(' ');
  const method = Object.values(HttpMethod).find((one) => one === name);
  if (!method) throw new Error(`The route ${routeKey} has a method that API Gateway does not know`);
  return [method, path];
}

/**
 * Returns the routes for everything else. `$default` would also match the preflights of browsers, which API
 * Gateway answers itself only if no route has their method.
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-cors.html
 */
function unmatched(takesBrowsers: boolean): [string, HttpRouteKey][] {
  if (!takesBrowsers) return [['Unmatched', HttpRouteKey.DEFAULT]];
  return Object.values(HttpMethod)
    .filter((method) => method !== HttpMethod.ANY && method !== HttpMethod.OPTIONS)
    .map((method) => [`Unmatched${method}`, HttpRouteKey.with('/{proxy+}', method)]);
}

/** Browsers send an origin without a path, and API Gateway refuses one with even a slash. */
function originOf(url: string): string {
  return url === '*' ? url : new URL(url).origin;
}

/** With IAM, API Gateway requires a signature on every route that is not public. */
function authorizerOf(routeKey: RouteKey, iam: Settings['iam']): IHttpRouteAuthorizer {
  const open = routes[routeKey].scope === null || (iam?.routes !== 'all' && routeKey === TRIGGER_ROUTE);
  return iam && !open ? new HttpIamAuthorizer() : new HttpNoneAuthorizer();
}
