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
import { abandonPurge } from '../lib/purge/abandon.ts';
import { deriveContactKey } from '../lib/purge/contact.ts';
import { createGate } from '../lib/purge/gate.ts';
import { startPolicies, startPolicy } from '../lib/purge/policies.ts';
import { runPurge } from '../lib/purge/run.ts';
import { runSlice } from '../lib/purge/slice.ts';
import { upstreamOf } from '../lib/purge/upstream.ts';
import { occurrenceOf, readWorkerInput } from '../lib/purge/worker-input.ts';

const runtime = coldStart(process.env, ['table', 'archiveBucket', 'cleanupFunction']);
const { config, env, environment, secret, studio, now } = runtime;
const store = createPurgeStore(openTable(env, environment.region, environment.table), now);
const worker = createWorkerStarter(env, environment.region, environment.cleanupFunction);
const slicePorts = {
  store,
  upstream: upstreamOf(studio, {}),
  gate: createGate(20),
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
      slice: (purge) => runSlice(purge, { ...slicePorts, remainingMs }),
      startNext: (purge) => worker.start(purge, input.run + 1),
      abandon: (purge, error) => abandonPurge(store, purge, error, now()),
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
