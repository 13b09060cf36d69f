import * as v from 'valibot';
import type { Config, ConfiguredFlow } from '../config/configuration.ts';
import { describeError, type Log } from '../telemetry/log.ts';
import type { MetricKey } from '../telemetry/metrics.ts';

/**
 * Counts the active executions of each configured flow by age, for the dashboard. Each age group is listed
 * separately, the oldest first, so that a list which is too long to finish omits only young executions.
 */

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const WEEK_MS = 7 * DAY_MS;

/** From the oldest to the youngest: each ends where the next one begins. */
const AGES = [
  { metric: 'activeOverWeek', leastMs: WEEK_MS },
  { metric: 'activeUnderWeek', leastMs: DAY_MS },
  { metric: 'activeUnderDay', leastMs: HOUR_MS },
  { metric: 'activeUnderHour', leastMs: 0 },
] as const satisfies { metric: MetricKey; leastMs: number }[];

type Age = (typeof AGES)[number]['metric'];

/** Of each age of each flow, 1,000 executions each. */
const MAX_PAGES = 50;
/** After this a flow's next page is not asked for: twenty flows fit into one invocation of the worker. */
const MAX_FLOW_MS = 20_000;
/** What has to be left of the invocation for another flow: its time, and that of a page that comes late. */
const MIN_REMAINING_MS = 60_000;

export type CensusPorts = {
  config: Config;
  upstream: {
    pages(
      flowSid: string,
      query: { status: 'active'; dateCreatedFrom?: string; dateCreatedTo: string },
      readAhead: boolean,
    ): AsyncIterable<{ items: readonly { dateCreated: string | null }[]; nextPageUrl: string | null }>;
  };
  log: Log;
  now: () => number;
  /** Of this invocation. */
  remainingMs: () => number;
};

type Steps = { step<T>(name: string, work: () => Promise<T>): Promise<T> };

export type FlowCensus = {
  flow: string;
  /** `cut`: there were more than were counted. */
  outcome: 'counted' | 'cut' | 'failed';
  counts: Partial<Record<Age, number>>;
};

/** What the rule of its own sends the worker. */
export const CENSUS_INPUT = { job: 'census' } as const;
const input = v.object({ job: v.literal(CENSUS_INPUT.job) });

export function isCensus(event: unknown): boolean {
  return v.is(input, event);
}

/** One durable step a flow, and one for the sum. A flow that cannot be counted keeps no other from being counted. */
export async function takeCensus(ports: CensusPorts, steps: Steps): Promise<FlowCensus[]> {
  const flows: FlowCensus[] = [];
  for (const flow of ports.config.flows)
    flows.push(await steps.step(`census-${flow.alias}`, () => countFlow(ports, flow)));
  await steps.step('census', async () => reportAll(ports.log, flows));
  return flows;
}

async function countFlow(ports: CensusPorts, { alias, sid }: ConfiguredFlow): Promise<FlowCensus> {
  const { log, now, remainingMs } = ports;
  try {
    if (remainingMs() < MIN_REMAINING_MS) throw new CensusTimeError();
    const nowMs = now();
    const counts: FlowCensus['counts'] = {};
    let isCut = false;
    let fromMs: number | undefined;
    for (const { metric, leastMs } of AGES) {
      const toMs = nowMs - leastMs;
      const age = await countAge(ports, sid, { fromMs, toMs, untilMs: nowMs + MAX_FLOW_MS });
      counts[metric] = age.count;
      isCut ||= age.isCut;
      fromMs = toMs;
    }
    return reportFlow(log, { flow: alias, outcome: isCut ? 'cut' : 'counted', counts });
  } catch (error) {
    log('ERROR', 'executions could not be counted', { flow: alias, ...describeError(error) });
    return { flow: alias, outcome: 'failed', counts: {} };
  }
}

type Span = { fromMs: number | undefined; toMs: number; untilMs: number };

/** Adds up pages and keeps none of them: memory is that of one page. */
async function countAge({ upstream, now }: CensusPorts, flowSid: string, { fromMs, toMs, untilMs }: Span) {
  const query = {
    status: 'active' as const,
    ...(fromMs === undefined ? {} : { dateCreatedFrom: new Date(fromMs).toISOString() }),
    dateCreatedTo: new Date(toMs).toISOString(),
  };
  let count = 0;
  let pages = 0;
  for await (const { items, nextPageUrl } of upstream.pages(flowSid, query, false)) {
    // One without a date is in every list, and of no age.
    count += items.filter(({ dateCreated }) => dateCreated !== null).length;
    pages += 1;
    if (nextPageUrl !== null && (pages >= MAX_PAGES || now() >= untilMs)) return { count, isCut: true };
  }
  return { count, isCut: false };
}

/** There are too many flows for one invocation. */
class CensusTimeError extends Error {
  override readonly name = 'CensusTimeError';
}

function reportFlow(log: Log, census: FlowCensus): FlowCensus {
  const { flow, outcome, counts } = census;
  const isCut = outcome === 'cut';
  log(isCut ? 'WARN' : 'INFO', 'executions counted', { flow, outcome, counts }, [
    { dimensions: [['flow']], values: { ...counts, ...(isCut && { censusCut: 1 }) } },
  ]);
  return census;
}

/**
 * The sum over all flows is what an alarm can look at: it cannot search for flows as a dashboard can. Without one
 * of them there is none, or the alarm would end when Studio does not answer.
 */
function reportAll(log: Log, flows: readonly FlowCensus[]): void {
  if (flows.some(({ outcome }) => outcome === 'failed')) return;
  const activeOverWeek = flows.reduce((sum, { counts }) => sum + (counts.activeOverWeek ?? 0), 0);
  log('INFO', 'executions counted', { counts: { activeOverWeek } }, [
    { dimensions: [[]], values: { activeOverWeek } },
  ]);
}
