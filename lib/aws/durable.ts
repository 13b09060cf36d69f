import type { DurableContext } from '@aws/durable-execution-sdk-js';
import type { Steps } from '../purge/engine/run.ts';

/** A step that throws found the table or Lambda itself failing: worth some minutes of patience. */
const MAX_TRIES = 8;
const MAX_DELAY_SECONDS = 60;

/** The durable context as the purge sees it; `onError` is told what each try threw. */
export function stepsOf(context: DurableContext, onError: (step: string, error: unknown) => void): Steps {
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
