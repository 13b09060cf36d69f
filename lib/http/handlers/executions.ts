import type { Studio } from '../../studio/client.ts';
import type { ExecutionContext } from '../../studio/types.ts';
import type { Answer, Request } from '../request.ts';
import { executionJson } from './bodies.ts';

type ExecutionsRuntime = { studio: Pick<Studio, 'executions'> };

/** GET /flows/{flow}/executions/{execution}. */
export async function fetchExecution(
  { studio }: ExecutionsRuntime,
  { flow, params, signal }: Request<'GET /flows/{flow}/executions/{execution}'>,
): Promise<Answer> {
  const execution = await studio.executions.fetch(flow.sid, params.execution, { signal });
  return { status: 200, body: executionJson(execution, flow) };
}

/** GET …/{execution}/context: personal data, behind its own scope. */
export async function fetchContext(
  { studio }: ExecutionsRuntime,
  { flow, params, signal }: Request<'GET /flows/{flow}/executions/{execution}/context'>,
): Promise<Answer> {
  const context = await studio.executions.context(flow.sid, params.execution, { signal });
  return { status: 200, body: contextJson(context) };
}

export function contextJson({ executionSid, flowSid, accountSid, context, url }: ExecutionContext) {
  return { executionSid, flowSid, accountSid, context, url };
}
