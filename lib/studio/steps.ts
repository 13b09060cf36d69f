import type { Calls } from './calls.ts';
import { endpoints } from './endpoints.ts';
import { parseStep, parseStepContext } from './json/parse.ts';
import type { CallOptions, Listing, ListOptions, ListQuery, Step, StepContext } from './types.ts';

export type Steps = {
  list(flowSid: string, executionSid: string, query?: ListQuery, options?: ListOptions): Listing<Step>;
  fetch(flowSid: string, executionSid: string, stepSid: string, options?: CallOptions): Promise<Step>;
  /** Personal data. */
  context(
    flowSid: string,
    executionSid: string,
    stepSid: string,
    options?: CallOptions,
  ): Promise<StepContext>;
};

export function stepsOf(calls: Calls): Steps {
  return {
    list: (flow, execution, query, options) =>
      calls.list(
        endpoints.listSteps,
        { flow, execution },
        { key: 'steps', parseItem: parseStep, query },
        options,
      ),
    fetch: (flow, execution, step, options) =>
      calls.send(endpoints.fetchStep, { flow, execution, step }, parseStep, options),
    context: (flow, execution, step, options) =>
      calls.send(endpoints.fetchStepContext, { flow, execution, step }, parseStepContext, options),
  };
}
