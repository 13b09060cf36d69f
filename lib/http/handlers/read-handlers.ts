import type { Studio } from '../../studio/client.ts';
import { listExecutions } from '../list/list-executions.ts';
import type { AnswerOf, Handlers, ServeRuntime } from '../request.ts';
import type { AnswerBody, AnswerName } from '../schemas/answers.ts';
import { contextBody, executionBody, flowBody, stepBody } from './bodies.ts';
import { listFlows } from './list-flows.ts';
import { listSteps } from './list-steps.ts';

export type ReadRuntime = Pick<ServeRuntime, 'config' | 'secret' | 'now'> & { studio: Studio };

/** The routes that only read from Studio. */
export function readHandlers(runtime: ReadRuntime): Handlers {
  const { flows, executions, steps } = runtime.studio;
  return {
    'GET /flows': (request) => listFlows(runtime, request),
    'GET /flows/{flow}': async ({ flow, signal }) =>
      ok<'Flow'>(flowBody(flow, await flows.fetch(flow.sid, { signal }))),
    'GET /executions': (request) => listExecutions(runtime, request),
    'GET /flows/{flow}/executions': (request) => listExecutions(runtime, request),
    'GET /flows/{flow}/executions/{execution}': async ({ flow, params, signal }) =>
      ok<'Execution'>(executionBody(await executions.fetch(flow.sid, params.execution, { signal }), flow)),
    'GET /flows/{flow}/executions/{execution}/context': async ({ flow, params, signal }) =>
      ok<'ExecutionContext'>(contextBody(await executions.context(flow.sid, params.execution, { signal }))),
    'GET /flows/{flow}/executions/{execution}/steps': (request) => listSteps(runtime, request),
    'GET /flows/{flow}/executions/{execution}/steps/{step}': async ({ flow, params, signal }) =>
      ok<'Step'>(stepBody(await steps.fetch(flow.sid, params.execution, params.step, { signal }))),
    'GET /flows/{flow}/executions/{execution}/steps/{step}/context': async ({ flow, params, signal }) => {
      const context = await steps.context(flow.sid, params.execution, params.step, { signal });
      return ok<'StepContext'>({ ...contextBody(context), stepSid: context.stepSid });
    },
  };
}

function ok<Name extends AnswerName>(body: AnswerBody<Name>): AnswerOf<Name> {
  return { status: 200, body };
}
