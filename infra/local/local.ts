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
import { type S3StandIn, startS3 } from './aws/s3.ts';
import { type SecretsStandIn, startSecrets } from './aws/secrets-manager.ts';
import { LOCAL_ADMIN, localSecret, SIMULATED_ACCOUNT, type StudioAccount } from './caller-tokens.ts';
import { type Clock, realClock } from './clock.ts';
import { type Endpoints, endpointVariables } from './endpoints.ts';
import type { FormBodies } from './gateway/event.ts';
import { type Answered, startGateway } from './gateway/gateway.ts';
import { gatewayReply } from './gateway/reply.ts';
import { createFunctionHost, type FunctionHost, functionArn, type LogLine } from './host/function-host.ts';
import { functionSpecs, type Resources } from './host/function-specs.ts';
import { scheduledEvent } from './host/schedule.ts';
import type { Exchange, Reply } from './http.ts';
import { provision } from './provision.ts';

export type LocalOptions = {
  config: Config;
  /** Default: any free one. */
  port?: number;
  /** Another Studio instead of a simulated one. Without `baseUrl`: Twilio's. */
  studio?: { account: StudioAccount; baseUrl?: string };
  simulated?: SimulatedStudioOptions;
  /** Members of the secret that are to be otherwise. */
  secret?: Partial<Secret>;
  /** Of stand-ins, gateway and simulated Studio; the bundles read the machine's own, unless it has an offset. */
  clock?: Clock;
  /** AWS endpoints that are there already; a stand-in is started for each of the others. */
  endpoints?: Partial<Endpoints>;
  /** Names of what is behind those endpoints, and credentials for them. */
  resources?: Partial<Omit<Resources, 'config'>>;
  variables?: Record<string, string>;
  /** Default: where `npm run build` puts them. */
  bundlesDirectory?: string;
  formBodies?: FormBodies;
  onLog?: (line: LogLine) => void;
  onAnswer?: (answered: Answered) => void;
  /** Called once for each resource that was found or made behind a given endpoint. */
  onNotice?: (notice: string) => void;
  /** Told of every firing of the schedule. */
  onSchedule?: () => void;
};

/** The whole system in one process. Stand-ins are null where an endpoint was given. */
export type Local = {
  /** Of the API. */
  url: string;
  studio: SimulatedStudio | null;
  functions: FunctionHost;
  secrets: SecretsStandIn | null;
  s3: S3StandIn | null;
  lambda: LambdaStandIn | null;
  endpoints: Endpoints;
  resources: Resources;
  /** False where a secret was there already: it has callers of its own. */
  ownSecret: boolean;
  /** Sends the worker what the schedule's rule sends; answers with the durable execution's ARN. */
  fireSchedule(): Promise<string>;
  /** Sends the worker what the census's rule sends; answers likewise. */
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

  // The gateway comes first, so that a taken port shows at once; nobody knows its address yet.
  const ready = Promise.withResolvers<FunctionHost>();
  const rules = Promise.withResolvers<Rules>();
  const gateway = keep(
    await startGateway({
      routes: Object.fromEntries(Object.entries(routes).map(([key, route]) => [key, route.function])),
      unmatched: UNMATCHED_FUNCTION,
      port: options.port ?? 0,
      clock,
      corsOrigins: config.corsOrigins,
      invoke: async (name, event) => (await ready.promise).invoke(name, JSON.stringify(event)),
      administration: async (exchange) => administer(exchange, await rules.promise),
      ...(options.formBodies && { formBodies: options.formBodies }),
      ...(options.onAnswer && { onAnswer: options.onAnswer }),
    }),
  );

  const studio = options.studio
    ? null
    : keep(
        await startSimulatedStudio({ now: () => clock.now(), flows: flowsOf(config), ...options.simulated }),
      );
  const account = options.studio?.account ?? SIMULATED_ACCOUNT;
  const baseUrl = options.studio ? options.studio.baseUrl : studio?.url;

  const resources: Resources = {
    ...NAMES,
    cleanupFunction: functionArn('cleanup', 'live'),
    ...options.resources,
    // Twilio's signatures are over the address that callers use.
    config: JSON.stringify({ ...config, publicUrl: config.publicUrl ?? gateway.url }),
  };
  const endpoints: Partial<Endpoints> = { ...given };
  const secret = localSecret(account, options.secret);
  const secrets = given.SECRETS_MANAGER
    ? null
    : keep(await startSecrets({ secrets: { [resources.secretId]: secret }, clock }));
  const table = given.DYNAMODB ? null : keep(await startTable(resources.table));
  const s3 = given.S3 ? null : keep(await startS3({ buckets: [resources.archiveBucket], clock }));
  // After what they use, so that they end before it.
  const functions = keep(
    createFunctionHost(
      functionSpecs({
        bundlesDirectory: options.bundlesDirectory ?? builtBundles,
        resources: () => resources,
        shared: () => ({
          ...endpointVariables(whole(endpoints)),
          ...(baseUrl !== undefined && { STUDIO_BASE_URL: baseUrl }),
          ...options.variables,
        }),
      }),
      { clock, ...(options.onLog && { log: options.onLog }) },
    ),
  );
  const provisioned = await provision({ endpoints: given, resources, secret, env: process.env });
  resources.secretId = provisioned.secretId;
  for (const notice of provisioned.notices) options.onNotice?.(notice);
  const log = (line: string) => options.onLog?.({ function: 'cleanup', line });
  const lambda = given.LAMBDA ? null : keep(await startLambda({ host: functions, clock, log }));
  if (secrets) endpoints.SECRETS_MANAGER = secrets.url;
  if (table) endpoints.DYNAMODB = table.url;
  if (s3) endpoints.S3 = s3.url;
  if (lambda) endpoints.LAMBDA = lambda.url;

  const fire = (event: unknown) => invokeWorker(whole(endpoints).LAMBDA, resources.cleanupFunction, event);
  const fireSchedule = () => {
    options.onSchedule?.();
    return fire(scheduledEvent(clock.now()));
  };
  const fireCensus = () => fire(CENSUS_INPUT);
  ready.resolve(functions);
  const started = async (arn: Promise<string>) => json(202, { executionArn: await arn });
  rules.resolve({
    'POST /__local/schedule': () => started(fireSchedule()),
    'POST /__local/census': () => started(fireCensus()),
    'GET /__local/archive': async () =>
      json(200, {
        endpoint: whole(endpoints).S3,
        bucket: resources.archiveBucket,
        isStandIn: s3 !== null,
      }),
  });
  const running = starting.move();
  return {
    url: gateway.url,
    studio,
    functions,
    secrets,
    s3,
    lambda,
    endpoints: whole(endpoints),
    resources,
    ownSecret: secrets !== null || provisioned.secretMade,
    fireSchedule,
    fireCensus,
    close: () => running.disposeAsync(),
  };
}

/** The simulated account has the configured flows, under their names. */
function flowsOf(config: Config) {
  return config.flows.map(({ sid, alias }) => ({ sid, friendlyName: alias }));
}

function whole(endpoints: Partial<Endpoints>): Endpoints {
  const { SECRETS_MANAGER, DYNAMODB, S3, LAMBDA } = endpoints;
  if (!SECRETS_MANAGER || !DYNAMODB || !S3 || !LAMBDA) throw new Error('The local run has not started yet');
  return { SECRETS_MANAGER, DYNAMODB, S3, LAMBDA };
}

/** What only the local run answers, by method and path. */
type Rules = Record<string, () => Promise<Reply>>;

/**
 * `POST /__local/schedule` does what the stack's rule does, `GET /__local/archive` says where the archive is. The
 * header is asked for because a browser sends it to another origin only when that agrees: no page that happens
 * to be open can purge.
 */
async function administer({ method, path, headers }: Exchange, rules: Rules): Promise<Reply> {
  const key = `${method} ${path}`;
  const rule = Object.hasOwn(rules, key) ? rules[key] : undefined;
  if (!rule) return gatewayReply(404, 'Not Found');
  if (headers.authorization !== `Bearer ${LOCAL_ADMIN}`) return gatewayReply(401, 'Unauthorized');
  return rule();
}

function json(status: number, body: unknown): Reply {
  return { status, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
}

async function invokeWorker(endpoint: string, worker: string, event: unknown): Promise<string> {
  // Loaded when it is wanted: it would be a third of the time that the start takes.
  const { InvokeCommand, LambdaClient } = await import('@aws-sdk/client-lambda');
  const { env } = process;
  const client = new LambdaClient({
    endpoint,
    region: env['AWS_REGION'] ?? 'us-east-1',
    credentials: {
      accessKeyId: env['AWS_ACCESS_KEY_ID'] ?? 'local',
      secretAccessKey: env['AWS_SECRET_ACCESS_KEY'] ?? 'local',
    },
  });
  const started = await client.send(
    new InvokeCommand({
      FunctionName: worker,
      InvocationType: 'Event',
      Payload: JSON.stringify(event),
    }),
  );
  client.destroy();
  return started.DurableExecutionArn ?? '';
}
