import type { ConfigInput } from '../lib/config/configuration.ts';
import type { DeploymentInput } from './constructs/deployment-settings.ts';

/**
 * The one file to edit before `npm run deploy`. Mistakes in it are reported at synth, all at once.
 */

/** What the functions know: your flows, who they write as, and what is to be purged when. */
export const config = {
  flows: [
    // Put your flows' SIDs here. Callers name a flow by its alias, so that a SID may change behind it.
    { alias: 'welcome', sid: 'FW00000000000000000000000000000001', from: '+12025550100' },
    { alias: 'support', sid: 'FW00000000000000000000000000000002', from: '+12025550101' },
  ],
  policies: [
    // Twilio itself keeps executions for 30 days: a longer age never finds anything.
    { name: 'weekly', flows: 'all', status: 'ended', olderThan: 'P7D', action: 'delete', archive: false },
  ],
} satisfies ConfigInput;

/**
 * How it is deployed. All may be left out: infra/constructs/deployment-settings.ts has every setting and its
 * default.
 */
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
  // What is otherwise in a stage; `npm run deploy -- -c stage=test` makes it a stack of its own.
  // stages: { test: { schedule: false, keepData: false, config: { policies: [] } } },
} satisfies DeploymentInput;
