import { randomUUID } from 'node:crypto';
import { CENSUS_INPUT } from '../../lib/census/census.ts';
import type { Config } from '../../lib/config/configuration.ts';
import type { Secret } from '../../lib/config/secret.ts';
import { routes, UNMATCHED_FUNCTION } from '../../lib/http/routes.ts';
import { bundlesDirectory as builtBundles } from '../build.ts';
import {
  type SimulatedStudio,
  type SimulatedStudioOptions,
  startSimulatedStudio,
} from '../simulator/server.ts';
import { startTable } from './aws/dynamodb.ts';
import { type LambdaStandIn, startLambda } from './aws/lambda.ts';
import { ACCOUNT_ID, jsonReply, REGION } from './aws/protocol.ts';
import { type S3StandIn, startS3 } from './aws/s3.ts';
import { type SecretsStandIn, startSecrets } from './aws/secrets-manager.ts';
import { LOCAL_ADMIN, localSecret, SIMULATED_ACCOUNT, type StudioAccount } from './caller-tokens.ts';
import { type Clock, realClock } from './clock.ts';
import { clientOptions, type Endpoints, endpointVariables, type Service } from './endpoints.ts';
import type { FormBodies } from './gateway/event.ts';
import { type Answered, startGateway } from './gateway/gateway.ts';
import { gatewayReply } from './gateway/reply.ts';
import type { LogLine } from './host/environment.ts';
import { createFunctionHost, type FunctionHost, functionArn } from './host/function-host.ts';
import { functionSpecs, type Resources } from './host/function-specs.ts';
import type { Exchange, Listening, Reply } from './http.ts';
import { provision } from './provision.ts';

export type LocalOptions = {
  config: Config;
  /** Default: any free port. */
  port?: number;
  /** Another Studio than a simulated one. Default for `baseUrl`: Twilio's. */
  studio?: { account: StudioAccount; baseUrl?: string };
  simulated?: SimulatedStudioOptions;
  /** Members of the secret that replace the usual ones. */
  secret?: Partial<Secret>;
  /** For stand-ins, gateway and simulated Studio. The bundles follow its offset only. */
  clock?: Clock;
  /** Existing AWS endpoints. A stand-in is started for each of the others. */
  endpoints?: Partial<Endpoints>;
  /** Names of the resources behind those endpoints. */
  resources?: Partial<Omit<Resources, 'config'>>;
  variables?: Record<string, string>;
  /** Default: where `npm run build` puts them. */
  bundlesDirectory?: string;
  formBodies?: FormBodies;
  onLog?: (line: LogLine) => void;
  onAnswer?: (answered: Answered) => void;
  /** Called once for each resource that was found or made behind a given endpoint. */
  onNotice?: (notice: string) => void;
  /** Called whenever the schedule fires. */
  onSchedule?: () => void;
};

/** The whole system in one process. A stand-in is null if its endpoint was given. */
export type Local = {
  /** The API's address. */
  url: string;
  studio: SimulatedStudio | null;
  functions: FunctionHost;
  secrets: SecretsStandIn | null;
  s3: S3StandIn | null;
  lambda: LambdaStandIn | null;
  endpoints: Endpoints;
  resources: Resources;
  /** False if the secret existed before: it has callers of its own. */
  ownSecret: boolean;
  /** Sends the worker what the schedule's rule sends. Returns the durable execution's ARN. */
  fireSchedule(): Promise<string>;
  /** Sends the worker what the census's rule sends. Returns the durable execution's ARN. */
  fireCensus(): Promise<string>;
  close(): Promise<void>;
};

const NAMES = { secretId: 'studio-executions', table: 'studio-executions', archiveBucket: 'studio-archive' };

/**
 * Starts everything on loopback. Throws what `listen` throws if the port is taken, and an UnfitError if a
 * resource behind a given endpoint cannot be used; leaves nothing running then.
 */
export async function startLocal(options: LocalOptions): Promise<Local> {
  await using starting = new AsyncDisposableStack();
  const { clock = realClock, endpoints: given = {}, config } = options;
  const keep = <T extends { close(): Promise<void> }>(started: T): T => {
    starting.defer(() => started.close());
    return started;
  };

  // The gateway comes first, so that a taken port shows at once.
  const ready = Promise.withResolvers<{ functions: FunctionHost; rules: Rules }>();
  const gateway = keep(
    await startGateway({
      routes: Object.fromEntries(Object.entries(routes).map(([key, route]) => [key, route.function])),
      unmatched: UNMATCHED_FUNCTION,
      port: options.port ?? 0,
      clock,
      corsOrigins: config.corsOrigins,
      invoke: async (name, event) => (await ready.promise).functions.invoke(name, JSON.stringify(event)),
      administration: async (exchange) => administer(exchange, (await ready.promise).rules),
      ...(options.formBodies && { formBodies: options.formBodies }),
      ...(options.onAnswer && { onAnswer: options.onAnswer }),
    }),
  );

  const studio = options.studio
    ? null
    : keep(
        await startSimulatedStudio({ now: () => clock.now(), flows: flowsOf(config), ...options.simulated }),
      );
  const baseUrl = options.studio ? options.studio.baseUrl : studio?.url;
  const names = { ...NAMES, cleanupFunction: functionArn('cleanup', 'live'), ...options.resources };
  const secret = localSecret(options.studio?.account ?? SIMULATED_ACCOUNT, options.secret);
  const { secretId, secretMade, notices } = await provision({
    endpoints: given,
    resources: names,
    secret,
    env: process.env,
  });
  for (const notice of notices) options.onNotice?.(notice);
  // Twilio's signatures are over the address that callers use.
  const publicUrl = config.publicUrl ?? gateway.url;
  const resources: Resources = { ...names, secretId, config: JSON.stringify({ ...config, publicUrl }) };

  const serve = async <T extends Listening>(service: Service, start: () => Promise<T>) => {
    const url = given[service];
    if (url !== undefined) return { url, standIn: null };
    const standIn = keep(await start());
    return { url: standIn.url, standIn };
  };
  const secrets = await serve('SECRETS_MANAGER', () =>
    startSecrets({ secrets: { [secretId]: secret }, clock }),
  );
  const table = await serve('DYNAMODB', () => startTable(resources.table));
  const s3 = await serve('S3', () => startS3({ buckets: [resources.archiveBucket], clock }));
  // After what they use, so that they end before it.
  const functions = keep(
    createFunctionHost(
      functionSpecs({
        bundlesDirectory: options.bundlesDirectory ?? builtBundles,
        resources,
        shared: () => ({
          ...endpointVariables(endpoints),
          ...(baseUrl !== undefined && { STUDIO_BASE_URL: baseUrl }),
          ...options.variables,
        }),
      }),
      { clock, ...(options.onLog && { log: options.onLog }) },
    ),
  );
  const log = (line: string) => options.onLog?.({ function: 'cleanup', line });
  const lambda = await serve('LAMBDA', () => startLambda({ host: functions, clock, log }));
  const endpoints: Endpoints = {
    SECRETS_MANAGER: secrets.url,
    DYNAMODB: table.url,
    S3: s3.url,
    LAMBDA: lambda.url,
  };

  const fire = (event: unknown) => invokeWorker(endpoints.LAMBDA, resources.cleanupFunction, event);
  const fireSchedule = () => {
    options.onSchedule?.();
    return fire(scheduledEvent(clock.now()));
  };
  const fireCensus = () => fire(CENSUS_INPUT);
  const archive = { endpoint: s3.url, bucket: resources.archiveBucket, isStandIn: s3.standIn !== null };
  ready.resolve({
    functions,
    rules: {
      'POST /__local/schedule': async () => jsonReply(202, { executionArn: await fireSchedule() }),
      'POST /__local/census': async () => jsonReply(202, { executionArn: await fireCensus() }),
      'GET /__local/archive': async () => jsonReply(200, archive),
    },
  });
  const running = starting.move();
  return {
    url: gateway.url,
    studio,
    functions,
    secrets: secrets.standIn,
    s3: s3.standIn,
    lambda: lambda.standIn,
    endpoints,
    resources,
    ownSecret: secrets.standIn !== null || secretMade,
    fireSchedule,
    fireCensus,
    close: () => running.disposeAsync(),
  };
}

/** The simulated account has the configured flows, under their names. */
function flowsOf(config: Config) {
  return config.flows.map(({ sid, alias }) => ({ sid, friendlyName: alias }));
}

/** Requests that only the local run answers, by method and path. */
type Rules = Record<string, () => Promise<Reply>>;

/**
 * Answers such a request. Requires a header that a browser does not send from another site, so that none can
 * purge.
 */
async function administer({ method, path, headers }: Exchange, rules: Rules): Promise<Reply> {
  const key = `${method} ${path}`;
  const rule = Object.hasOwn(rules, key) ? rules[key] : undefined;
  if (!rule) return gatewayReply(404, 'Not Found');
  if (headers.authorization !== `Bearer ${LOCAL_ADMIN}`) return gatewayReply(401, 'Unauthorized');
  return rule();
}

/** What EventBridge sends the worker when the rule's time has come. */
function scheduledEvent(nowMs: number) {
  return {
    version: '0',
    id: randomUUID(),
    'detail-type': 'Scheduled Event',
    source: 'aws.events',
    account: ACCOUNT_ID,
    time: `${new Date(nowMs).toISOString().slice(0, 19)}Z`,
    region: REGION,
    resources: [`arn:aws:events:${REGION}:${ACCOUNT_ID}:rule/studio-executions-schedule`],
    detail: {},
  };
}

async function invokeWorker(endpoint: string, FunctionName: string, event: unknown): Promise<string> {
  // Loaded when it is needed: it would be a third of the time that the start takes.
  const { InvokeCommand, LambdaClient } = await import('@aws-sdk/client-lambda');
  const client = new LambdaClient(clientOptions(endpoint, process.env));
  const Payload = JSON.stringify(event);
  const started = await client.send(new InvokeCommand({ FunctionName, InvocationType: 'Event', Payload }));
  client.destroy();
  return started.DurableExecutionArn ?? '';
}
