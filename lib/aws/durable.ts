import type { DurableContext } from '@aws/durable-execution-sdk-js';
import type { DurableSteps } from '../purge/engine/run.ts';

/** A step throws when the table or Lambda fails. It is repeated for some minutes. */
const MAX_TRIES = 8;
const MAX_DELAY_SECONDS = 60;

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
