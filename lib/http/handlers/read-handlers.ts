import type { Studio } from '../../studio/client.ts';
import { listAllExecutions, listFlowExecutions } from '../list/list-executions.ts';
import type { Handlers } from '../request.ts';
import type { ServeRuntime } from '../runtime.ts';
import { fetchContext, fetchExecution } from './executions.ts';
import { fetchFlow, listFlows } from './list-flows.ts';
import { fetchStep, fetchStepContext, listSteps } from './list-steps.ts';

export type ReadRuntime = Pick<ServeRuntime, 'config' | 'secret' | 'now'> & { studio: Studio };

/** The routes that only read of Studio. */
export function readHandlers(runtime: ReadRuntime): Handlers {
  return {
    'GET /flows': (request) => listFlows(runtime, request),
    'GET /flows/{flow}': (request) => fetchFlow(runtime, request),
    'GET /executions': (request) => listAllExecutions(runtime, request),
    'GET /flows/{flow}/executions': (request) => listFlowExecutions(runtime, request),
    'GET /flows/{flow}/executions/{execution}': (request) => fetchExecution(runtime, request),
    'GET /flows/{flow}/executions/{execution}/context': (request) => fetchContext(runtime, request),
    'GET /flows/{flow}/executions/{execution}/steps': (request) => listSteps(runtime, request),
    'GET /flows/{flow}/executions/{execution}/steps/{step}': (request) => fetchStep(runtime, request),
    'GET /flows/{flow}/executions/{execution}/steps/{step}/context': (request) =>
      fetchStepContext(runtime, request),
  };
}
