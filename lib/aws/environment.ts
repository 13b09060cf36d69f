import * as v from 'valibot';
import { ConfigError, SCOPES, type Scope, webUrl } from '../config/configuration.ts';
import { validate } from '../config/validation.ts';
import type { AwsEnvironment } from './clients.ts';

/** Items separated by commas. */
function listOf<T>(item: v.GenericSchema<string, T>) {
  const split = (text: string) => text.split(',').map((one) => one.trim());
  return v.optional(v.pipe(v.string(), v.transform(split), v.array(item)));
}

const variables = {
  AWS_REGION: v.string(),
  STUDIO_SECRET_ID: v.string(),
  STUDIO_BASE_URL: v.optional(webUrl),
  STUDIO_IAM_SCOPES: listOf(v.picklist(SCOPES)),
  STUDIO_IAM_FLOWS: listOf(v.string()),
  STUDIO_TABLE: v.optional(v.string()),
  STUDIO_ARCHIVE_BUCKET: v.optional(v.string()),
  STUDIO_CLEANUP_FUNCTION: v.optional(v.string()),
};

/** The variables that only some functions need. */
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
  // Shells and CloudFormation leave empty variables, which count as absent.
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value));
  const required = Object.fromEntries(needs.map((need) => [variableOf[need], v.string()]));
  const result = validate(v.object({ ...variables, ...required }), {
    ...given,
    AWS_REGION: given['AWS_REGION'] ?? given['AWS_DEFAULT_REGION'],
  });
  if (!result.ok) throw new ConfigError('The environment has mistakes', result.mistakes);
  const { value } = result;
  const environment = {
    region: value.AWS_REGION,
    secretId: value.STUDIO_SECRET_ID,
    studioBaseUrl: value.STUDIO_BASE_URL,
    iamScopes: value.STUDIO_IAM_SCOPES ?? null,
    iamFlows: value.STUDIO_IAM_FLOWS ?? null,
    table: value.STUDIO_TABLE,
    archiveBucket: value.STUDIO_ARCHIVE_BUCKET,
    cleanupFunction: value.STUDIO_CLEANUP_FUNCTION,
  };
  if (!has(environment, needs)) throw new Error('A required variable is absent');
  return environment;
}

/** Tells the compiler what the schema has checked. */
function has<Needed extends Need>(
  environment: Environment,
  needs: readonly Needed[],
): environment is Environment & Record<Needed, string> {
  return needs.every((need) => environment[need] !== undefined);
}
