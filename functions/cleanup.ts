import { createArchiveStore } from '../lib/aws/archive.ts';
import { createFailureStore } from '../lib/aws/failures.ts';
import { createPurgeStore } from '../lib/aws/purges.ts';
import { coldStart } from '../lib/aws/runtime.ts';
import { openTable } from '../lib/aws/table.ts';
import { createTurnStore } from '../lib/aws/turns.ts';
import { createWorkerStarter } from '../lib/aws/worker.ts';
import { workerHandler } from '../lib/aws/worker-handler.ts';
import { log } from '../lib/log.ts';
import { deriveContactKey } from '../lib/purge/contact.ts';
import { upstreamOf } from '../lib/purge/upstream.ts';
import { createLimiter } from '../lib/studio/limiter.ts';

const runtime = coldStart(process.env, ['table', 'archiveBucket', 'cleanupFunction']);
const { config, env, environment, secret, studio, now } = runtime;
const { region, table, archiveBucket, cleanupFunction } = environment;
const purges = openTable(env, region, table);
const limiter = createLimiter();

export const handler = workerHandler(env, region, {
  config,
  store: createPurgeStore(purges, now),
  failures: createFailureStore(purges, now),
  turns: createTurnStore(purges, now),
  worker: createWorkerStarter(env, region, cleanupFunction),
  archive: createArchiveStore(env, region, archiveBucket),
  upstream: upstreamOf(studio, { limiter }),
  gate: limiter,
  contactKey: async () => deriveContactKey(await secret.get()),
  now,
  after: (ms, then) => {
    const timer = setTimeout(then, ms);
    return () => clearTimeout(timer);
  },
  log,
});
