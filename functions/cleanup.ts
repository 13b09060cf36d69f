import { createArchiveStore } from '../lib/aws/archive.ts';
import { coldStart } from '../lib/aws/runtime.ts';
import { createFailureStore } from '../lib/aws/table/failures.ts';
import { createLockStore } from '../lib/aws/table/locks.ts';
import { createPurgeStore } from '../lib/aws/table/purges.ts';
import { openTable } from '../lib/aws/table/table.ts';
import { createWorkerStarter } from '../lib/aws/worker.ts';
import { workerHandler } from '../lib/aws/worker-handler.ts';
import { upstreamOf } from '../lib/purge/batch/upstream.ts';
import { deriveContactKey } from '../lib/purge/order/contact-key.ts';
import { createLimiter } from '../lib/studio/limiter/limiter.ts';
import { log } from '../lib/telemetry/log.ts';

const runtime = coldStart(process.env, ['table', 'archiveBucket', 'cleanupFunction']);
const { config, env, environment, secret, studio, now } = runtime;
const { region, table, archiveBucket, cleanupFunction } = environment;
const purges = openTable(env, region, table);
const limiter = createLimiter();

export const handler = workerHandler(env, region, {
  config,
  store: createPurgeStore(purges, now),
  failures: createFailureStore(purges, now),
  locks: createLockStore(purges, now),
  worker: createWorkerStarter(env, region, cleanupFunction),
  archive: createArchiveStore(env, region, archiveBucket),
  upstream: upstreamOf(studio, { limiter }),
  limiter,
  contactKey: async () => deriveContactKey(await secret.get()),
  now,
  after: (ms, then) => {
    const timer = setTimeout(then, ms);
    return () => clearTimeout(timer);
  },
  log,
});
