import type { DurableContext } from '@aws/durable-execution-sdk-js';
import type { Steps } from '../purge/run.ts';

/** A step that throws found the table or Lambda itself failing: worth some minutes of patience. */
const MAX_TRIES = 8;
const MAX_DELAY_SECONDS = 60;

/** The durable context as the purge sees it. */
export function stepsOf(context: DurableContext): Steps {
  const retryStrategy = (_error: Error, tries: number) => ({
    shouldRetry: tries < MAX_TRIES,
    delay: { seconds: Math.min(MAX_DELAY_SECONDS, 2 ** tries) },
  });
  return {
    step: (name, work) => context.step(name, work, { retryStrategy }),
    wait: (name, seconds) => context.wait(name, { seconds }),
  };
}
