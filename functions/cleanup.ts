import {
  type DurableContext,
  DurableExecutionApiClient,
  withDurableExecution,
} from '@aws/durable-execution-sdk-js';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { createArchiveStore } from '../lib/aws/archive.ts';
import { awsClientOptions } from '../lib/aws/clients.ts';
import { stepsOf } from '../lib/aws/durable.ts';
import { createPurgeStore } from '../lib/aws/purges.ts';
import { coldStart } from '../lib/aws/runtime.ts';
import { openTable } from '../lib/aws/table.ts';
import { createWorkerStarter } from '../lib/aws/worker.ts';
import { log } from '../lib/log.ts';
import { abandonPurge } from '../lib/purge/abandon.ts';
import { deriveContactKey } from '../lib/purge/contact.ts';
import { startPolicies, startPolicy } from '../lib/purge/policies.ts';
import { reportEnd, reportSlice } from '../lib/purge/report.ts';
import { runPurge } from '../lib/purge/run.ts';
import { runSlice } from '../lib/purge/slice.ts';
import { upstreamOf } from '../lib/purge/upstream.ts';
import { occurrenceOf, readWorkerInput } from '../lib/purge/worker-input.ts';
import { createLimiter } from '../lib/studio/limiter.ts';

const runtime = coldStart(process.env, ['table', 'archiveBucket', 'cleanupFunction']);
const { config, env, environment, secret, studio, now } = runtime;
const store = createPurgeStore(openTable(env, environment.region, environment.table), now);
const worker = createWorkerStarter(env, environment.region, environment.cleanupFunction);
// One for the process: runs side by side share what Studio allows.
const limiter = createLimiter();
const slicePorts = {
  store,
  upstream: upstreamOf(studio, { limiter }),
  gate: limiter,
  archive: createArchiveStore(env, environment.region, environment.archiveBucket),
  contactKey: async () => deriveContactKey(await secret.get()),
  now,
};

async function work(event: unknown, context: DurableContext) {
  const input = readWorkerInput(event);
  const steps = stepsOf(context);
  if (input.kind === 'purge') {
    const remainingMs = () => context.lambdaContext.getRemainingTimeInMillis();
    return runPurge(input.purge, steps, {
      slice: async (purge, number) =>
        reportSlice(log, purge, number, await runSlice(purge, { ...slicePorts, remainingMs })),
      startNext: (purge) => worker.start(purge, input.run + 1),
      abandon: async (purge, error) => {
        if (await abandonPurge(store, purge, error, now())) reportEnd(log, purge, 'failed');
      },
    });
  }
  const occurrence = occurrenceOf(input, await steps.step('time', async () => now()));
  return startPolicies(config, (policy) =>
    steps.step(`policy-${policy.name}`, () => startPolicy({ config, store, worker }, policy, occurrence)),
  );
}

const durableExecutionClient = new DurableExecutionApiClient(
  new LambdaClient(awsClientOptions(env, environment.region)),
);
export const handler = withDurableExecution(work, { durableExecutionClient });
