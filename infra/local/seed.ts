import type { Config } from '../../lib/config/configuration.ts';
import type { SimulatedStudio } from '../simulator/server.ts';

/** Something to find, end and purge: a month of executions, most of them ended, some of them still active. */

const EXECUTIONS_A_FLOW = 240;
const RECENT_ACTIVE = 12;
const DAY_MS = 86_400_000;
/** Studio keeps nothing longer than 30 days. */
const OLDEST_DAYS = 29;

export type Seeded = {
  executions: number;
  active: number;
  exampleFlow: string;
  exampleActiveSid: string | null;
};

export function seedExamples(studio: SimulatedStudio, { flows }: Config, nowMs: number): Seeded {
  let executions = 0;
  let active = 0;
  let example: { flow: string; sid: string } | undefined;
  const daysAgo = (days: number) => new Date(nowMs - days * DAY_MS).toISOString();
  for (const { alias, sid: flowSid, from: sender } of flows) {
    const common = { flowSid, sender };
    studio.store.seed({
      ...common,
      count: EXECUTIONS_A_FLOW,
      contacts: EXECUTIONS_A_FLOW / 2,
      dateCreatedFrom: daysAgo(OLDEST_DAYS),
      dateCreatedTo: daysAgo(1),
    });
    const recent = studio.store.seed({
      ...common,
      count: RECENT_ACTIVE,
      activeShare: 1,
      dateCreatedFrom: daysAgo(1),
      dateCreatedTo: new Date(nowMs).toISOString(),
    });
    executions += EXECUTIONS_A_FLOW + RECENT_ACTIVE;
    active += recent.active;
    if (!example && recent.lastSid) example = { flow: alias, sid: recent.lastSid };
  }
  const exampleFlow = example?.flow ?? flows[0]?.alias ?? '';
  return { executions, active, exampleFlow, exampleActiveSid: example?.sid ?? null };
}
