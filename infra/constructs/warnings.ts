import type { Config } from '../../lib/config/configuration.ts';
import { DAY_MS, momentBefore, parseDuration } from '../../lib/config/duration.ts';
import type { Settings } from './deployment-settings.ts';
import { daysToMiss } from './worker/schedule.ts';

/** A valid setting that is probably a mistake. The synth shows it and goes on. */
type Warning = { id: string; text: string };

/** The age at which Twilio deletes executions itself. It cannot be configured. */
const STUDIO_RETENTION_DAYS = 30;
/** The SIDs of the example flows in `infra/config.ts`. */
const PLACEHOLDER_SID = /^FW0{24}/;
/** A month before this day has 31 days, the maximum. */
const SOME_JANUARY = Date.UTC(2026, 0, 31);

export function warningsOf(config: Config, { schedule }: Pick<Settings, 'schedule'>): Warning[] {
  const found: Warning[] = config.policies
    .filter(({ olderThan }) => daysOf(olderThan) > STUDIO_RETENTION_DAYS)
    .map(({ name, olderThan }) => ({
      id: `studio-executions:policy-${name}`,
      text: `The policy ${name} waits ${olderThan}, but Twilio keeps executions for ${STUDIO_RETENTION_DAYS} days only: it finds nothing`,
    }));
  const examples = config.flows.filter(({ sid }) => PLACEHOLDER_SID.test(sid)).map(({ alias }) => alias);
  if (examples.length > 0)
    found.push({
      id: 'studio-executions:example-flows',
      text: `Flows with the SID of the example: ${examples.join(', ')}. Put your own into infra/config.ts`,
    });
  if (schedule !== false && config.policies.length > 0 && daysToMiss(schedule) === undefined)
    found.push({
      id: 'studio-executions:schedule-unwatched',
      text: `No alarm goes off when the schedule ${schedule} does not run: CloudWatch looks back at most a week. A daily schedule purges no more than the policies say`,
    });
  return found;
}

function daysOf(olderThan: string): number {
  const duration = parseDuration(olderThan);
  return duration ? (SOME_JANUARY - momentBefore(SOME_JANUARY, duration)) / DAY_MS : 0;
}
