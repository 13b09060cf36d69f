/** How long one AWS call may take: short, because a request of ours has 25 s for everything. */
const CONNECT_TIMEOUT_MS = 2_000;
const REQUEST_TIMEOUT_MS = 3_000;
/** First try included. */
const MAX_ATTEMPTS = 3;

export type AwsEnvironment = Record<string, string | undefined>;

/** What Lambda puts into every function's environment, read when a call is signed. */
export type AwsCredentials = { accessKeyId: string; secretAccessKey: string; sessionToken?: string };

/**
 * What every AWS client is made with. Region and credentials are explicit, so that the SDK's chain of
 * credential providers is never loaded; `AWS_ENDPOINT_URL_*` is read by the SDK itself.
 */
export function awsClientOptions(env: AwsEnvironment, region: string) {
  return {
    region,
    credentials: () => environmentCredentials(env),
    maxAttempts: MAX_ATTEMPTS,
    // Said outright, with the SDK's own defaults: it would look for each in variables and files, and fail twice.
    retryMode: 'standard',
    authSchemePreference: [],
    userAgentAppId: '',
    accountIdEndpointMode: 'preferred' as const,
    useDualstackEndpoint: env['AWS_USE_DUALSTACK_ENDPOINT'] === 'true',
    useFipsEndpoint: env['AWS_USE_FIPS_ENDPOINT'] === 'true',
    requestHandler: {
      connectionTimeout: CONNECT_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      // Without it the SDK only warns and goes on waiting.
      throwOnRequestTimeout: true,
    },
  };
}

async function environmentCredentials(env: AwsEnvironment): Promise<AwsCredentials> {
  const accessKeyId = env['AWS_ACCESS_KEY_ID'];
  const secretAccessKey = env['AWS_SECRET_ACCESS_KEY'];
  const sessionToken = env['AWS_SESSION_TOKEN'];
  if (!accessKeyId || !secretAccessKey)
    throw new Error('AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not in the environment');
  return { accessKeyId, secretAccessKey, ...(sessionToken ? { sessionToken } : {}) };
}
