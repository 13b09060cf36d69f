import { DurableExecutionAlreadyStartedException, InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import type { WorkerStarter } from '../purge/engine/ports.ts';
import { runName } from '../purge/record/purge-id.ts';
import { type AwsEnvironment, awsClientOptions } from './clients.ts';

/** Starts the durable worker asynchronously, each run under its own name. AWS starts a name once. */
export function createWorkerStarter(env: AwsEnvironment, region: string, functionArn: string): WorkerStarter {
  const client = new LambdaClient(awsClientOptions(env, region));
  return {
    async start(purge, run) {
      try {
        await client.send(
          new InvokeCommand({
            FunctionName: functionArn,
            InvocationType: 'Event',
            DurableExecutionName: runName(purge, run),
            // AWS keeps it, so it has no personal data.
            Payload: JSON.stringify({ purge, run }),
          }),
        );
      } catch (error) {
        if (!(error instanceof DurableExecutionAlreadyStartedException)) throw error;
      }
    },
  };
}
