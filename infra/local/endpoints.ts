/**
 * Where the functions find each AWS service: an endpoint that is there already, or a stand-in of this run.
 */
export const SERVICES = ['SECRETS_MANAGER', 'DYNAMODB', 'S3', 'LAMBDA'] as const;
export type Service = (typeof SERVICES)[number];
export type Endpoints = Record<Service, string>;

type Env = Record<string, string | undefined>;

const TIMEOUT_MS = 5_000;

/**
 * Reads the endpoints in the environment. `AWS_ENDPOINT_URL_<service>` goes before `AWS_ENDPOINT_URL`, as in
 * every AWS SDK. The latter does not lead to another Lambda, because an emulator does not have the worker.
 */
export function givenEndpoints(env: Env): Partial<Endpoints> {
  const given = SERVICES.flatMap((service) => {
    const url = env[variableOf(service)] || (service !== 'LAMBDA' && env['AWS_ENDPOINT_URL']);
    return url ? [[service, url] as const] : [];
  });
  return Object.fromEntries(given);
}

export function endpointVariables(endpoints: Endpoints): Record<string, string> {
  return Object.fromEntries(SERVICES.map((service) => [variableOf(service), endpoints[service]]));
}

function variableOf(service: Service): string {
  return `AWS_ENDPOINT_URL_${service}`;
}

/** Options for an AWS client that makes one attempt of at most 5 seconds. */
export function clientOptions(endpoint: string, env: Env) {
  return {
    endpoint,
    region: env['AWS_REGION'] ?? 'us-east-1',
    maxAttempts: 1,
    requestHandler: {
      connectionTimeout: TIMEOUT_MS,
      requestTimeout: TIMEOUT_MS,
      throwOnRequestTimeout: true,
    },
    credentials: {
      accessKeyId: env['AWS_ACCESS_KEY_ID'] ?? 'local',
      secretAccessKey: env['AWS_SECRET_ACCESS_KEY'] ?? 'local',
      ...(env['AWS_SESSION_TOKEN'] && { sessionToken: env['AWS_SESSION_TOKEN'] }),
    },
  };
}
