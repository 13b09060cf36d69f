import { withDurableExecution } from '@aws/durable-execution-sdk-js';
import { LocalDurableTestRunner } from '@aws/durable-execution-sdk-js-testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { durableStepsOf } from '../../../lib/aws/worker-handler.ts';

beforeAll(() => LocalDurableTestRunner.setupTestEnvironment({ skipTime: true }));
afterAll(() => LocalDurableTestRunner.teardownTestEnvironment());

test('what a step throws is told at each try, whichever step it is', async () => {
  const told: string[] = [];
  let tries = 0;
  const handlerFunction = withDurableExecution(async (_event: unknown, context) => {
    const steps = durableStepsOf(context, (step, error) => void told.push(`${step} ${error}`));
    return steps.step('next-run', async () => {
      if (++tries < 3) throw new RangeError(`try ${tries}`);
      return 'started';
    });
  });
  const execution = await new LocalDurableTestRunner({ handlerFunction }).run();
  expect(execution.getResult()).toBe('started');
  expect(told).toEqual(['next-run RangeError: try 1', 'next-run RangeError: try 2']);
});
