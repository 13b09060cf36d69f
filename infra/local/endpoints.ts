/** Where the functions find each AWS service: an endpoint that is there already, or a stand-in of this run. */

export const SERVICES = ['SECRETS_MANAGER', 'DYNAMODB', 'S3', 'LAMBDA'] as const;
export type Service = (typeof SERVICES)[number];
export type Endpoints = Record<Service, string>;

/**
 * `AWS_ENDPOINT_URL_<service>` goes before `AWS_ENDPOINT_URL`, as in every AWS SDK. Only its own variable leads
 * to another Lambda: an emulator of everything else does not have the worker, and this run has.
 */
export function givenEndpoints(env: Record<string, string | undefined>): Partial<Endpoints> {
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
