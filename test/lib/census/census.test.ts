import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type SimulatedStudio, startSimulatedStudio } from '../../../infra/simulator/server.ts';
import { CENSUS_INPUT, type CensusPorts, isCensus, takeCensus } from '../../../lib/census/census.ts';
import { checkConfig } from '../../../lib/config/configuration.ts';
import { upstreamOf } from '../../../lib/purge/batch/upstream.ts';
import { createStudio, type Studio } from '../../../lib/studio/client.ts';
import { createLog } from '../../../lib/telemetry/log.ts';
import { execution, sidOf, story } from '../../support/studio/stories.ts';

const WELCOME = `FW${'a'.repeat(32)}`;
const SURVEY = `FW${'b'.repeat(32)}`;
const NOON = Date.parse('2026-11-20T12:00:00Z');
const HOUR_MS = 3_600_000;

const config = checkConfig({
  flows: [
    { alias: 'welcome', sid: WELCOME },
    { alias: 'survey', sid: SURVEY },
  ],
});

let simulated: SimulatedStudio;
let studio: Studio;
let nowMs: number;
beforeEach(async () => {
  nowMs = NOON;
  const now = () => nowMs;
  simulated = await startSimulatedStudio({ now, flows: [{ sid: WELCOME }, { sid: SURVEY }] });
  studio = createStudio({
    accountSid: `AC${'a'.repeat(32)}`,
    username: `SK${'a'.repeat(32)}`,
    password: 'local',
    baseUrl: simulated.url,
    now,
    sleep: async (ms) => {
      nowMs += ms;
    },
  });
});
afterEach(async () => {
  await studio.close();
  await simulated.close();
});

/** So many executions of that age, of which the share is active. */
function seed(flowSid: string, hoursAgo: number, count: number, activeShare = 1): void {
  const at = new Date(NOON - hoursAgo * HOUR_MS).toISOString();
  simulated.store.seed({ flowSid, count, activeShare, dateCreatedFrom: at, dateCreatedTo: at });
}

type Upstream = CensusPorts['upstream'];

async function census(given: Partial<CensusPorts> = {}) {
  const lines: Record<string, unknown>[] = [];
  const names: string[] = [];
  const log = createLog({
    now: () => nowMs,
    write: (line) => lines.push(JSON.parse(line)),
    functionName: 'cleanup',
  });
  const ports: CensusPorts = {
    config,
    upstream: upstreamOf(studio, {}),
    log,
    now: () => nowMs,
    remainingMs: () => 900_000,
    ...given,
  };
  const flows = await takeCensus(ports, {
    step: (name, work) => {
      names.push(name);
      return work();
    },
  });
  return { flows, lines, names };
}

describe('a census', () => {
  test('counts the active executions of each flow by age, one exactly at a limit with the younger', async () => {
    seed(WELCOME, 0.5, 3);
    seed(WELCOME, 1, 4);
    seed(WELCOME, 23.9, 5);
    seed(WELCOME, 24, 6);
    seed(WELCOME, 25, 2);
    seed(WELCOME, 24 * 8, 14, 0.5);
    seed(SURVEY, 2, 2);
    const { flows, names } = await census();
    expect(flows).toEqual([
      {
        flow: 'welcome',
        outcome: 'counted',
        counts: { activeOverWeek: 7, activeUnderWeek: 2, activeUnderDay: 11, activeUnderHour: 7 },
      },
      {
        flow: 'survey',
        outcome: 'counted',
        counts: { activeOverWeek: 0, activeUnderWeek: 0, activeUnderDay: 2, activeUnderHour: 0 },
      },
    ]);
    expect(names).toEqual(['census-welcome', 'census-survey', 'census']);
  });

  test('asks for active ones only, and counts no other where that is not heard', async () => {
    simulated.behave({ ignoreStatusFilter: true });
    seed(WELCOME, 30, 2_500, 0.01);
    const { flows } = await census();
    expect(flows[0]?.counts).toMatchObject({ activeUnderWeek: 25, activeUnderDay: 0 });
    for (const { path } of simulated.requests)
      expect(path).toMatch(/[?&]Status=active(&|$)|[?&]status=active(&|$)/);
  });

  test('counts once what a page repeats of the one before', async () => {
    const list = `/v2/Flows/${WELCOME}/Executions`;
    const repeating = await story((seen) => {
      const { searchParams } = new URL(seen.url, 'http://localhost');
      const from = Number(searchParams.get('PageToken') ?? 0);
      const isOldest = !searchParams.has('DateCreatedFrom');
      const sids = Array.from({ length: isOldest ? Math.min(51, 300 - from) : 0 }, (_, at) =>
        sidOf(from + at),
      );
      return {
        status: 200,
        body: {
          executions: sids.map((sid) => execution(sid, { flow_sid: WELCOME })),
          meta: { next_page_url: isOldest && from + 51 < 300 ? `${list}?PageToken=${from + 50}` : null },
        },
      };
    });
    const { flows } = await census({
      config: { ...config, flows: config.flows.slice(0, 1) },
      upstream: upstreamOf(repeating.studio, {}),
    });
    expect(flows[0]?.counts).toMatchObject({ activeOverWeek: 300, activeUnderWeek: 0 });
  });

  test('says so when it stops counting, and has counted the oldest by then', async () => {
    let asked = 0;
    const endless: Upstream = {
      async *pages(_flow, { dateCreatedFrom }) {
        // The oldest have no beginning, and an end; of the others there is always one more page.
        const isOldest = dateCreatedFrom === undefined;
        do {
          asked += 1;
          yield { items: [{ dateCreated: 'then' }], nextPageUrl: isOldest ? null : 'more' };
        } while (!isOldest);
      },
    };
    const { flows, lines } = await census({ upstream: endless });
    expect(flows[0]).toEqual({
      flow: 'welcome',
      outcome: 'cut',
      counts: { activeOverWeek: 1, activeUnderWeek: 50, activeUnderDay: 50, activeUnderHour: 50 },
    });
    expect(lines[0]).toMatchObject({ level: 'WARN', outcome: 'cut', CensusCut: 1, ActiveOverWeek: 1 });
    expect(asked).toBe(2 * 151);
  });

  test('stops counting a flow that takes too long', async () => {
    simulated.behave({ paging: 'empty-pages' });
    simulated.watch(() => {
      nowMs += 3_000;
    });
    const { flows } = await census();
    expect(flows.map(({ outcome }) => outcome)).toEqual(['cut', 'cut']);
    expect(simulated.requests.length).toBeLessThan(30);
  });

  test('goes on with the other flows when one cannot be counted, and says that it is trouble', async () => {
    seed(SURVEY, 2, 2);
    simulated.behave({ faults: [{ kind: 'error', status: 400, times: 1 }] });
    const { flows, lines } = await census();
    expect(flows).toEqual([
      { flow: 'welcome', outcome: 'failed', counts: {} },
      expect.objectContaining({ flow: 'survey', outcome: 'counted' }),
    ]);
    expect(lines[0]).toMatchObject({
      level: 'ERROR',
      message: 'executions could not be counted',
      flow: 'welcome',
      errors: ['StudioError'],
      Trouble: 1,
    });
    // No number is better than a wrong one.
    expect(lines[0]).not.toHaveProperty('ActiveOverWeek');
    // Nor is there a sum, which would be too small and end the alarm.
    expect(lines).toHaveLength(2);
  });

  test('begins with no further flow when the time of the invocation runs out', async () => {
    const left = [900_000, 10_000];
    const { flows, lines } = await census({ remainingMs: () => left.shift() ?? 0 });
    expect(flows.map(({ outcome }) => outcome)).toEqual(['counted', 'failed']);
    expect(lines[1]).toMatchObject({ flow: 'survey', errors: ['CensusTimeError'] });
  });

  test('emits each age as a metric of the flow, and the oldest over all flows for the alarm', async () => {
    seed(WELCOME, 24 * 8, 2);
    seed(SURVEY, 24 * 8, 3);
    const { lines } = await census();
    const filed = lines.map(({ _aws }) => JSON.stringify(_aws));
    for (const name of ['ActiveUnderHour', 'ActiveUnderDay', 'ActiveUnderWeek', 'ActiveOverWeek'])
      expect(filed[0]).toContain(name);
    expect(filed[0]).toContain('"Dimensions":[["flow"]]');
    expect(filed[2]).toContain('"Dimensions":[[]]');
    expect(lines[2]).toMatchObject({ ActiveOverWeek: 5 });
    expect(lines[2]).not.toHaveProperty('flow');
  });

  test.each([[{ job: 'else' }], [{ purge: 'pu' }], [null], ['census'], [{ source: 'aws.events' }]])(
    'is not taken for %j',
    (event) => expect(isCensus(event)).toBe(false),
  );

  test('is taken for what its rule sends', () => expect(isCensus({ ...CENSUS_INPUT })).toBe(true));
});
