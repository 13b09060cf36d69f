import type { ConfigInput } from '../lib/config/configuration.ts';
import type { DeploymentInput } from './constructs/deployment-settings.ts';

/**
 * The one file to edit before `npm run deploy`. Mistakes in it are reported at synth, all at once.
 */

/** The configuration of the functions: your flows, their senders, and the purge policies. */
export const config = {
  flows: [
    // Put your flows' SIDs here. Callers use the alias, so that the SID behind it may change.
    { alias: 'welcome', sid: 'FW00000000000000000000000000000001', from: '+12025550100' },
    { alias: 'support', sid: 'FW00000000000000000000000000000002', from: '+12025550101' },
  ],
  policies: [
    // Twilio deletes executions after 30 days: a policy with a longer age finds nothing.
    { name: 'weekly', flows: 'all', status: 'ended', olderThan: 'P7D', action: 'delete', archive: false },
  ],
} satisfies ConfigInput;

/** The deployment. Every setting is optional: infra/constructs/deployment-settings.ts has them all. */
export const deployment = {
  /** When the policies run: rate(…) or cron(…), in UTC; false for never. */
  schedule: 'rate(1 day)',
  /** When active executions are counted, for the dashboard; false for never. */
  census: 'rate(1 hour)',
  /** Archives hold what your contacts wrote: they expire. */
  archiveDays: 365,
  logRetentionDays: 30,
  // The address that alarms are sent to.
  // alarmEmail: 'operations@example.com',
  // Settings that differ in a stage. `npm run deploy -- -c stage=test` deploys it as a stack of its own.
  // stages: { test: { schedule: false, keepData: false, config: { policies: [] } } },
} satisfies DeploymentInput;
