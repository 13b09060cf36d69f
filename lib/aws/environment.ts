import * as v from 'valibot';
import { ConfigError, SCOPES, webUrl } from '../config/configuration.ts';
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
  /** Absent if the deployment takes no IAM callers. */
  STUDIO_IAM_SCOPES: listOf(v.picklist(SCOPES)),
  /** Aliases or SIDs of the flows that IAM callers may use. Absent: every configured flow. */
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
export type Environment = ReturnType<typeof environmentOf>;

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
  const environment = environmentOf(result.value);
  if (!has(environment, needs)) throw new Error('A required variable is absent');
  return environment;
}

function environmentOf(given: v.InferOutput<v.ObjectSchema<typeof variables, undefined>>) {
  return {
    region: given.AWS_REGION,
    secretId: given.STUDIO_SECRET_ID,
    studioBaseUrl: given.STUDIO_BASE_URL,
    iamScopes: given.STUDIO_IAM_SCOPES ?? null,
    iamFlows: given.STUDIO_IAM_FLOWS ?? null,
    table: given.STUDIO_TABLE,
    archiveBucket: given.STUDIO_ARCHIVE_BUCKET,
    cleanupFunction: given.STUDIO_CLEANUP_FUNCTION,
  };
}

/** Tells the compiler what the schema has checked. */
function has<Needed extends Need>(
  environment: Environment,
  needs: readonly Needed[],
): environment is Environment & Record<Needed, string> {
  return needs.every((need) => environment[need] !== undefined);
}
