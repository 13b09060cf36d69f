import { DurableExecutionAlreadyStartedException, InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import type { WorkerStarter } from '../purge/engine/ports.ts';
import { runName } from '../purge/record/purge-id.ts';
import { type AwsEnvironment, awsClientOptions } from './clients.ts';

/** The worker's input. AWS keeps it, so it has no personal data. */
type WorkerInput = { purge: string; run: number };

/** Starts the durable worker asynchronously, each run under its own name. AWS starts a name once. */
export function createWorkerStarter(env: AwsEnvironment, region: string, functionArn: string): WorkerStarter {
  const client = new LambdaClient(awsClientOptions(env, region));
  return {
    async start(purge, run) {
      const input: WorkerInput = { purge, run };
      try {
        await client.send(
          new InvokeCommand({
            FunctionName: functionArn,
            InvocationType: 'Event',
            DurableExecutionName: runName(purge, run),
            Payload: new TextEncoder().encode(JSON.stringify(input)),
          }),
        );
      } catch (error) {
        if (!(error instanceof DurableExecutionAlreadyStartedException)) throw error;
      }
    },
  };
}
