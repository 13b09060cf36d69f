import * as v from 'valibot';
import { type ConfigInput, SCOPES } from '../../lib/config/configuration.ts';
import { HTTP_MEMORY_MB } from '../function-limits.ts';
import { NO_STAGE_NAME, STAGE_NAME } from '../stage.ts';
import { isSchedule } from './worker/schedule.ts';

/**
 * How the stack is deployed: the second half of `infra/config.ts`. Every setting is optional. The bundles do
 * not see it.
 */

/** The values that CloudWatch Logs accepts, in days. */
const LOG_RETENTION_DAYS = [
  1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
] as const;

/** API Gateway's limit for an account. */
const MAX_REQUESTS_PER_SECOND = 10_000;
/** Lambda's usual limit for an account is 1,000 at once, of which 100 must stay unreserved. */
export const MAX_RESERVED_CONCURRENCY = 900;
/** Above any real number of executions, to find typing errors. */
const MAX_STUCK = 1_000_000;
const MAX_ARCHIVE_DAYS = 36_500;
/** The URL is part of each alarm's description, for which CloudWatch's limit is 1,024 characters. */
const MAX_RUNBOOK_URL = 800;
/** With less, the SDK loads too slowly for senders of webhooks. Lambda refuses more. */
const MEMORY_MB = { least: 256, most: 10_240 };

const wholeNumber = (least: number, most: number) =>
  v.pipe(
    v.number(),
    v.check(
      (value) => Number.isInteger(value) && value >= least && value <= most,
      `must be a whole number from ${least} to ${most}`,
    ),
  );

const rateOrCron = v.pipe(
  v.string(),
  v.check(
    isSchedule,
    'must be such as rate(1 day), rate(12 hours) or cron(0 3 * * ? *), where ? is one of the two days',
  ),
);

const throttling = v.strictObject({
  /** For the whole API. */
  requestsPerSecond: v.optional(wholeNumber(1, MAX_REQUESTS_PER_SECOND), 100),
  burst: v.optional(wholeNumber(1, MAX_REQUESTS_PER_SECOND), 200),
  /** For the trigger route. Studio accepts 20 a second from an account. */
  triggersPerSecond: v.optional(wholeNumber(1, MAX_REQUESTS_PER_SECOND), 20),
  /** The burst after a silence. The function retries what Studio answers with 429. */
  triggerBurst: v.optional(wholeNumber(1, MAX_REQUESTS_PER_SECOND), 20),
});

const reserved = v.strictObject({
  trigger: v.optional(wholeNumber(1, MAX_RESERVED_CONCURRENCY)),
  /** At least 2, because the schedule's run starts a run for each policy and would wait for itself. */
  cleanup: v.optional(wholeNumber(2, MAX_RESERVED_CONCURRENCY)),
});

const entries = {
  /** The schedule of the policies; false: none. */
  schedule: v.optional(v.union([v.literal(false), rateOrCron]), 'rate(1 day)'),
  /** The schedule of the census, which the dashboard and `stuckAlarm` need; false: none. */
  census: v.optional(v.union([v.literal(false), rateOrCron]), 'rate(1 hour)'),
  /**
   * The number of executions active for over a week that sets off an alarm. Default: no alarm, because some
   * flows wait that long on purpose.
   */
  stuckAlarm: v.optional(wholeNumber(1, MAX_STUCK)),
  /** The address that alarms are sent to. Its owner must confirm the subscription once. */
  alarmEmail: v.optional(v.pipe(v.string(), v.email('must be an e-mail address'))),
  /** The address of your copy of the runbook, which the alarms link to. */
  runbookUrl: v.optional(
    v.pipe(
      v.string(),
      v.minLength(1, 'must not be empty'),
      v.maxLength(MAX_RUNBOOK_URL, `must not be longer than ${MAX_RUNBOOK_URL} characters`),
    ),
    'infra/RUNBOOK.md',
  ),
  logRetentionDays: v.optional(v.picklist(LOG_RETENTION_DAYS), 30),
  /**
   * The age at which archives expire. They contain personal data: keep them no longer than necessary. An
   * expired archive can be restored for another 30 days.
   */
  archiveDays: v.optional(wholeNumber(1, MAX_ARCHIVE_DAYS), 365),
  /** For the functions behind the API. More memory means more CPU and a shorter cold start. */
  memoryMb: v.optional(wholeNumber(MEMORY_MB.least, MEMORY_MB.most), HTTP_MEMORY_MB),
  throttling: v.optional(throttling, {}),
  /**
   * The number of concurrent runs set aside, which is also their maximum; `false`: none. By default `npm run
   * deploy` reserves what reserved.ts computes, if the account has enough; a new account, with 10, has not.
   * `cdk deploy` reserves only what is set here.
   */
  reservedConcurrency: v.optional(
    // The error of a union would not name the mistake in the object.
    v.lazy((input): v.GenericSchema<false | v.InferOutput<typeof reserved>> => {
      return input === false ? v.literal(false) : reserved;
    }),
  ),
  /**
   * Callers known by their AWS credentials (SigV4) instead of a token. API Gateway then refuses all other
   * callers on these routes: all routes, or all but the trigger, which senders of webhooks need.
   */
  iam: v.optional(
    v.strictObject({
      routes: v.picklist(['all', 'all-but-trigger']),
      /** The scopes of each of these callers. */
      scopes: v.pipe(v.array(v.picklist(SCOPES)), v.minLength(1, 'must name at least one scope')),
      /** Aliases or SIDs of the flows that IAM callers may touch; every configured one when left out. */
      flows: v.optional(v.pipe(v.array(v.string()), v.minLength(1, 'must name at least one flow'))),
    }),
  ),
  /** Encrypts all stored data with a KMS key of your own instead of AWS's (encryption.ts). */
  customerKey: v.optional(v.boolean(), false),
  /** Whether table, archives and secret stay when the stack is removed. */
  keepData: v.optional(v.boolean(), true),
};

const settings = v.strictObject(entries);

export const settingsSchema = v.pipe(
  settings,
  v.forward(
    v.check(
      ({ census, stuckAlarm }) => census !== false || stuckAlarm === undefined,
      'never goes off, because census is false',
    ),
    ['stuckAlarm'],
  ),
);

const isRecord = (input: unknown) => typeof input === 'object' && input !== null && !Array.isArray(input);

const stage = v.strictObject({
  ...v.partial(settings).entries,
  /** Members of the configuration that differ in this stage. */
  config: v.optional(v.custom<Partial<ConfigInput>>(isRecord, 'must be an object')),
});

const stageName = v.pipe(v.string(), v.regex(STAGE_NAME, NO_STAGE_NAME));

export const deploymentSchema = v.strictObject({
  ...entries,
  /**
   * The settings that differ in a stage, each replaced as a whole. `-c stage=<name>` deploys a stage as a
   * stack of its own.
   */
  stages: v.optional(v.record(stageName, stage), {}),
});

/** The deployment in `infra/config.ts`. */
export type DeploymentInput = v.InferInput<typeof deploymentSchema>;
/** The settings of a construct: as above, without stages. */
export type SettingsInput = v.InferInput<typeof settingsSchema>;
/** The settings with defaults. */
export type Settings = v.InferOutput<typeof settingsSchema>;
