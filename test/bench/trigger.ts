import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { buildBundles, bundlesDirectory } from '../../infra/build.ts';
import {
  contestIn,
  LAMBDA_ENVIRONMENT,
  print,
  type Row,
  startAws,
  startSimulator,
} from './support/harness.ts';

/** What the whole `trigger` handler costs over the call to Studio that it wraps, warm, with everything on. */

const LATENCY_MS = 20;
const LOADS = [
  { inFlight: 1, count: 500 },
  { inFlight: 50, count: 5_000 },
];

export async function run(argv: string[]): Promise<void> {
  await buildBundles();
  const behaviour = { latencyMs: LATENCY_MS, maxInFlight: null, createsPerSecond: null };
  const simulator = await startSimulator({ seed: 1, behaviour });
  const aws = await startAws();
  const env = {
    ...aws.variables,
    ...LAMBDA_ENVIRONMENT,
    STUDIO_BASE_URL: simulator.url,
  };
  const bundle = pathToFileURL(join(bundlesDirectory, 'trigger', 'index.mjs')).href;
  try {
    const rows: Row[] = [];
    for (const { inFlight, count } of LOADS) {
      const figures = await contestIn(env, 'trigger/contestant.ts', bundle, inFlight, count);
      const { bareMedian = 0, wholeMedian = 0, writtenMedian = 0, bareP99 = 0, wholeP99 = 0 } = figures;
      rows.push({
        'in flight': inFlight,
        'bare call ms': bareMedian,
        'whole handler ms': wholeMedian,
        'overhead ms': wholeMedian - bareMedian,
        'two writes ms': writtenMedian - bareMedian,
        'rest ms': wholeMedian - writtenMedian,
        'bare p99': bareP99,
        'handler p99': wholeP99,
      });
    }
    print(`Triggering, warm, with a key (Studio answers after ${LATENCY_MS} ms)`, rows, argv);
  } finally {
    await Promise.all([simulator.stop(), aws.stop()]);
  }
}
