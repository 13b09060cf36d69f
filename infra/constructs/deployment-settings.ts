import * as v from 'valibot';
import { type ConfigInput, SCOPES } from '../../lib/config/configuration.ts';
import { HTTP_MEMORY_MB } from '../function-limits.ts';
import { NO_STAGE_NAME, STAGE_NAME } from '../stage.ts';
import { isSchedule } from './worker/schedule.ts';

/**
 * How the stack is deployed: the second half of `infra/config.ts`. The bundles never see it. Every setting
 * may be left out; its default stands here.
 */

/** The only values that CloudWatch Logs takes, in days. */
const LOG_RETENTION_DAYS = [
  1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
] as const;

/** API Gateway's own limit for an account is 10,000 requests a second: nothing above it can be meant. */
const MAX_REQUESTS_PER_SECOND = 10_000;
/** Lambda's usual limit for an account is 1,000 at once, of which 100 must stay unreserved. */
export const MAX_RESERVED_CONCURRENCY = 900;
/** Above any real number of executions: finds numbers that cannot be meant. */
const MAX_STUCK = 1_000_000;
const MAX_ARCHIVE_DAYS = 36_500;
/** It is part of each alarm's description, of which CloudWatch takes 1,024 characters. */
const MAX_RUNBOOK_URL = 800;
/** Below, the SDK does not load within the time of a webhook sender; above, Lambda refuses. */
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
  /** Of the whole API. */
  requestsPerSecond: v.optional(wholeNumber(1, MAX_REQUESTS_PER_SECOND), 100),
  burst: v.optional(wholeNumber(1, MAX_REQUESTS_PER_SECOND), 200),
  /** Of the trigger route alone. Studio takes 20 a second from an account. */
  triggersPerSecond: v.optional(wholeNumber(1, MAX_REQUESTS_PER_SECOND), 20),
  /** At once after a silence: a second's worth, which the function spreads out when Studio answers 429. */
  triggerBurst: v.optional(wholeNumber(1, MAX_REQUESTS_PER_SECOND), 20),
});

const reserved = v.strictObject({
  trigger: v.optional(wholeNumber(1, MAX_RESERVED_CONCURRENCY)),
  /** One run starts the next, and the schedule one run a policy: a single one would wait for itself. */
  cleanup: v.optional(wholeNumber(2, MAX_RESERVED_CONCURRENCY)),
});

const entries = {
  /** When the policies run; false: never by themselves. */
  schedule: v.optional(v.union([v.literal(false), rateOrCron]), 'rate(1 day)'),
  /** When active executions are counted, by age, for the dashboard and `stuckAlarm`; false: never. */
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
   * After how long archives expire. They hold what callers wrote: keep them no longer than you must. What has
   * expired can be had back for 30 days more, as an old version, and is gone then.
   */
  archiveDays: v.optional(wholeNumber(1, MAX_ARCHIVE_DAYS), 365),
  /** Of the functions behind the API. The CPU grows with it, and most of a cold start is CPU. */
  memoryMb: v.optional(wholeNumber(MEMORY_MB.least, MEMORY_MB.most), HTTP_MEMORY_MB),
  throttling: v.optional(throttling, {}),
  /**
   * How many runs at once are set aside, which is also their maximum; `false`: none. By default `npm run
   * deploy` sets aside what reserved.ts says, if the account has it. A new account may run 10 at once and
   * reserve none, and a deployment that reserves fails there. `cdk deploy` sets nothing aside but what stands
   * here.
   */
  reservedConcurrency: v.optional(
    // A union would say of a mistake in the object only that it is neither of the two.
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
      /** What each of these callers may do. */
      scopes: v.pipe(v.array(v.picklist(SCOPES)), v.minLength(1, 'must name at least one scope')),
      /** Aliases or SIDs of the flows that IAM callers may touch; every configured one when left out. */
      flows: v.optional(v.pipe(v.array(v.string()), v.minLength(1, 'must name at least one flow'))),
    }),
  ),
  /** A KMS key of your own, instead of AWS's, for everything that is stored (encryption.ts). */
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
  /** Members of the configuration that this stage has otherwise. */
  config: v.optional(v.custom<Partial<ConfigInput>>(isRecord, 'must be an object')),
});

const stageName = v.pipe(v.string(), v.regex(STAGE_NAME, NO_STAGE_NAME));

export const deploymentSchema = v.strictObject({
  ...entries,
  /**
   * What a stage has otherwise, each setting as a whole; deployed with `-c stage=<name>` as a stack of its
   * own.
   */
  stages: v.optional(v.record(stageName, stage), {}),
});

/** What a user writes in `infra/config.ts`. */
export type DeploymentInput = v.InferInput<typeof deploymentSchema>;
/** What a construct is given: as above, without stages. */
export type SettingsInput = v.InferInput<typeof settingsSchema>;
/** What the constructs read: defaults filled in. */
export type Settings = v.InferOutput<typeof settingsSchema>;
