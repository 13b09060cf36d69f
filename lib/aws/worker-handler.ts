import {
  type DurableContext,
  DurableExecutionApiClient,
  withDurableExecution,
} from '@aws/durable-execution-sdk-js';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { isCensus, takeCensus } from '../census/census.ts';
import type { Config } from '../config/configuration.ts';
import { abandonPurge } from '../purge/engine/final-record.ts';
import type { Ports, WorkerStarter } from '../purge/engine/ports.ts';
import { reportEnd, reportFailedStep, reportPolicy, reportSlice } from '../purge/engine/report.ts';
import { type DurableSteps, runPurge } from '../purge/engine/run.ts';
import { runSlice } from '../purge/engine/slice.ts';
import { occurrenceOf, readWorkerInput, startPolicies, startPolicy } from '../purge/order/policies.ts';
import type { Log } from '../telemetry/log.ts';
import { type AwsEnvironment, awsClientOptions } from './clients.ts';

/** A step throws when the table or Lambda fails. It is repeated for some minutes. */
const MAX_TRIES = 8;
const MAX_DELAY_SECONDS = 60;

export type WorkerPorts = Omit<Ports, 'remainingMs'> & { config: Config; worker: WorkerStarter; log: Log };

/**
 * The durable function: a run of a purge, the census, or the schedule's occurrence, which starts a purge for
 * each policy. What may differ in a replay is in a durable step.
 */
export function workerHandler(env: AwsEnvironment, region: string, ports: WorkerPorts) {
  const { config, worker, store, log, now } = ports;
  const work = async (event: unknown, context: DurableContext) => {
    const input = isCensus(event) ? null : readWorkerInput(event);
    const of = input?.kind === 'purge' ? { purge: input.purge } : {};
    const steps = durableStepsOf(context, (step, error) => reportFailedStep(log, of, step, error));
    const remainingMs = () => context.lambdaContext.getRemainingTimeInMillis();
    if (input === null) return takeCensus({ ...ports, remainingMs }, steps);
    if (input.kind === 'purge') {
      return runPurge(input.purge, steps, {
        slice: async (purge, number) => {
          const slice = await runSlice(purge, { ...ports, remainingMs }, `${input.run}-${number}`);
          return reportSlice(log, purge, number, slice);
        },
        startNext: (purge) => worker.start(purge, input.run + 1),
        abandon: (purge, error) => abandonPurge(ports, purge, error, now()),
        ended: (purge, status) => reportEnd(log, purge, status),
      });
    }
    const occurrence = occurrenceOf(input, await steps.step('time', async () => now()));
    const runs = await startPolicies(config, (policy) =>
      steps.step(`policy-${policy.name}`, () => startPolicy({ config, store, worker }, policy, occurrence)),
    );
    await steps.step('report', async () => {
      for (const run of runs) reportPolicy(log, run);
    });
    return runs;
  };
  const client = new LambdaClient(awsClientOptions(env, region));
  return withDurableExecution(work, { durableExecutionClient: new DurableExecutionApiClient(client) });
}

/** The durable context as the purge sees it. `onError` receives what each try throws. */
export function durableStepsOf(
  context: DurableContext,
  onError: (step: string, error: unknown) => void,
): DurableSteps {
  const retryStrategy = (_error: Error, tries: number) => ({
    shouldRetry: tries < MAX_TRIES,
    delay: { seconds: Math.min(MAX_DELAY_SECONDS, 2 ** tries) },
  });
  return {
    step: (name, work) => {
      const told = () =>
        work().catch((error: unknown) => {
          onError(name, error);
          throw error;
        });
      return context.step(name, told, { retryStrategy });
    },
    wait: (name, seconds) => context.wait(name, { seconds }),
  };
}
