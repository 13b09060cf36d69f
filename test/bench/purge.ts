import { buildBundles } from '../../infra/build.ts';
import {
  contestIn,
  FLOW_SID,
  type Measured,
  print,
  type Row,
  type SimulatorCounts,
  SMALL_HEAP,
  startAws,
  startSimulator,
} from './support/harness.ts';

/** The purge as it is deployed, beside the scripts that people use today, at limits that neither knows. */

const LATENCY_MS = 30;
/** How many requests may be in flight, and as many executions as can be deleted then in half a minute. */
const LIMITS = [
  { maxInFlight: 10, executions: 10_000 },
  { maxInFlight: 50, executions: 50_000 },
  { maxInFlight: 200, executions: 200_000 },
];
/** A part tells the rate of Twilio's SDK as well: one by one takes 30 ms each. */
const ONE_BY_ONE = 500;
const MANY_AT_ONCE = 20_000;
const MEMORY_AT = [10_000, 100_000, 1_000_000];
const MEMORY_LIMIT = 200;
const SEEDED_BEFORE_MS = 60_000;

type Task = { maxInFlight: number; executions: number };
type Contestant = { name: string; run(url: string, task: Task): Promise<Measured> };

export async function run(argv: string[]): Promise<void> {
  await buildBundles();
  const aws = await startAws();
  const env = { ...process.env, ...aws.variables };
  const ours = (nodeOptions: string): Contestant => ({
    name: 'studio-executions',
    run: (url) => contestIn({ ...env, NODE_OPTIONS: nodeOptions }, 'purge/ours.ts', url),
  });
  const twilio = (name: string, job: string): Contestant => ({
    name: `twilio, ${name}`,
    run: (url, { executions }) => contestIn(env, 'client/twilio.mjs', job, url, executions),
  });
  const told: Contestant = {
    name: 'undici alone, told the limit',
    run: (url, { maxInFlight }) => contestIn(env, 'purge/told.ts', url, maxInFlight),
  };
  try {
    for (const { maxInFlight, executions } of LIMITS) {
      const allowed = (maxInFlight * 1_000) / LATENCY_MS;
      const many = Math.min(executions, MANY_AT_ONCE);
      const rows = [
        await measure(ours(''), { maxInFlight, executions }),
        await measure(told, { maxInFlight, executions }),
        await measure(twilio('one by one', 'delete-one-by-one'), { maxInFlight, executions: ONE_BY_ONE }),
        await measure(twilio('50 in flight', 'delete-50-in-flight'), { maxInFlight, executions: many }),
      ];
      print(
        `Purging ${executions} (${LATENCY_MS} ms, ${maxInFlight} in flight: ${Math.round(allowed)} a second)`,
        rows,
        argv,
      );
    }
    const sizes = argv.includes('--quick') ? MEMORY_AT.slice(0, -1) : MEMORY_AT;
    const memory: Row[] = [];
    for (const executions of sizes)
      memory.push(await measure(ours(SMALL_HEAP), { maxInFlight: MEMORY_LIMIT, executions }));
    print(
      `Memory of the purge in heaps of 64 MB (gateway, stand-ins and worker in one process)`,
      memory,
      argv,
    );
  } finally {
    await aws.stop();
  }
}

async function measure({ name, run }: Contestant, { maxInFlight, executions }: Task): Promise<Row> {
  const simulator = await startSimulator({ seed: 1, behaviour: { latencyMs: LATENCY_MS, maxInFlight } });
  try {
    // All of them older than the purge, to the second: what might be younger is left alone.
    const dateCreatedTo = new Date(Date.now() - SEEDED_BEFORE_MS).toISOString();
    await simulator.admin('POST', 'seed', { flowSid: FLOW_SID, count: executions, dateCreatedTo });
    const { seconds, peakMegabytes } = await run(simulator.url, { maxInFlight, executions });
    const counts = await simulator.admin<SimulatorCounts>('GET', 'counts');
    const deleted = executions - counts.executions.active - counts.executions.ended;
    const perSecond = deleted / seconds;
    return {
      purge: name,
      deleted,
      'left behind': executions - deleted,
      'a second': perSecond,
      'of allowed %': (100 * perSecond * LATENCY_MS) / (maxInFlight * 1_000),
      'throttled %': (100 * counts.throttled) / counts.requests,
      'requests each': counts.requests / deleted,
      'peak MB': peakMegabytes,
    };
  } finally {
    await simulator.stop();
  }
}
