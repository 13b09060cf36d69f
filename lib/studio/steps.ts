import type { Calls } from './calls.ts';
import { endpoints } from './endpoints.ts';
import type { CallOptions, ListOptions, ListQuery } from './types.ts';

export function stepsOf(calls: Calls) {
  return {
    list: (flow: string, execution: string, query?: ListQuery, options?: ListOptions) =>
      calls.list(endpoints.listSteps, { flow, execution }, query, options),
    fetch: (flow: string, execution: string, step: string, options?: CallOptions) =>
      calls.send(endpoints.fetchStep, { flow, execution, step }, options),
    /** Personal data. */
    context: (flow: string, execution: string, step: string, options?: CallOptions) =>
      calls.send(endpoints.fetchStepContext, { flow, execution, step }, options),
  };
}
