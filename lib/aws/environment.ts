import * as v from 'valibot';
import { ConfigError, SCOPES, type Scope } from '../config/configuration.ts';
import { validate } from '../config/validation.ts';
import type { AwsEnvironment } from './clients.ts';

const webUrl = v.pipe(
  v.string(),
  v.check((url) => /^https?:$/.test(URL.parse(url)?.protocol ?? ''), 'must be an http or https URL'),
);

/** `read,trigger`: what callers whom API Gateway's IAM authorizer let through are granted. */
const scopeList = v.pipe(
  v.string(),
  v.transform((text) => text.split(',').map((scope) => scope.trim())),
  v.array(v.picklist(SCOPES)),
);

/** The flows that IAM callers may touch: aliases or SIDs, separated by commas. */
const flowList = v.pipe(
  v.string(),
  v.transform((text) => text.split(',').map((flow) => flow.trim())),
);

const schema = v.object({
  AWS_REGION: v.string(),
  STUDIO_SECRET_ID: v.string(),
  STUDIO_BASE_URL: v.optional(webUrl),
  STUDIO_IAM_SCOPES: v.optional(scopeList),
  STUDIO_IAM_FLOWS: v.optional(flowList),
  STUDIO_TABLE: v.optional(v.string()),
  STUDIO_ARCHIVE_BUCKET: v.optional(v.string()),
  STUDIO_CLEANUP_FUNCTION: v.optional(v.string()),
});

/** What only some functions need, and the variable it stands in. */
const variableOf = {
  table: 'STUDIO_TABLE',
  archiveBucket: 'STUDIO_ARCHIVE_BUCKET',
  cleanupFunction: 'STUDIO_CLEANUP_FUNCTION',
} as const;

export type Need = keyof typeof variableOf;

/** The bundles' environment, beside `STUDIO_CONFIG`. */
export type Environment = {
  region: string;
  secretId: string;
  studioBaseUrl: string | undefined;
  /** null when the deployment takes no IAM callers. */
  iamScopes: readonly Scope[] | null;
  /** Aliases or SIDs of the flows that IAM callers may touch; null means every configured flow. */
  iamFlows: readonly string[] | null;
} & Record<Need, string | undefined>;

/** Reads the environment. Throws a ConfigError that names every missing or wrong variable. */
export function readEnvironment<Needed extends Need>(
  env: AwsEnvironment,
  needs: readonly Needed[],
): Environment & Record<Needed, string> {
  // An empty variable is as good as none; CloudFormation and shells both leave such behind.
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value));
  const result = validate(schema, {
    ...given,
    AWS_REGION: given['AWS_REGION'] ?? given['AWS_DEFAULT_REGION'],
  });
  const missing = needs
    .filter((need) => given[variableOf[need]] === undefined)
    .map((need) => ({ pointer: `#/${variableOf[need]}`, detail: 'is missing' }));
  if (!result.ok || missing.length > 0)
    throw new ConfigError('The environment has mistakes', [
      ...(result.ok ? [] : result.mistakes),
      ...missing,
    ]);

  const environment = {
    region: result.value.AWS_REGION,
    secretId: result.value.STUDIO_SECRET_ID,
    studioBaseUrl: result.value.STUDIO_BASE_URL,
    iamScopes: result.value.STUDIO_IAM_SCOPES ?? null,
    iamFlows: result.value.STUDIO_IAM_FLOWS ?? null,
    table: result.value.STUDIO_TABLE,
    archiveBucket: result.value.STUDIO_ARCHIVE_BUCKET,
    cleanupFunction: result.value.STUDIO_CLEANUP_FUNCTION,
  };
  if (!has(environment, needs)) throw new ConfigError('The environment has mistakes', missing);
  return environment;
}

function has<Needed extends Need>(
  environment: Environment,
  needs: readonly Needed[],
): environment is Environment & Record<Needed, string> {
  return needs.every((need) => environment[need] !== undefined);
}
