import type { Studio } from '../../studio/client.ts';
import type { Step } from '../../studio/types.ts';
import type { Answer, Request } from '../request.ts';
import type { ServeRuntime } from '../runtime.ts';
import { foreignCursor, openCursor, sealCursor } from './cursor.ts';
import { contextJson } from './executions.ts';

/** An execution has at most 1,000 steps: one upstream page. */
const MAX_PAGE_SIZE = 1_000;

type StepsRuntime = { studio: Pick<Studio, 'steps'> };

/**
 * GET …/{execution}/steps. A cursor names the last step that was given out and is found again in the list:
 * steps are only ever added, and go with their execution.
 */
export async function listSteps(
  { studio, secret: source }: StepsRuntime & Pick<ServeRuntime, 'secret'>,
  { flow, params, query, route, signal }: Request<'GET /flows/{flow}/executions/{execution}/steps'>,
): Promise<Answer> {
  const secret = await source.get();
  const scope = [route, flow.sid, params.execution];
  const after = query.cursor === undefined ? undefined : openCursor(secret, scope, query.cursor);
  const steps: Step[] = [];
  let isBehind = after !== undefined;
  let hasMore = false;
  const pageSize = after === undefined ? Math.min(query.limit + 1, MAX_PAGE_SIZE) : MAX_PAGE_SIZE;
  const listing = studio.steps.list(flow.sid, params.execution, { pageSize }, { signal, readAhead: false });
  for await (const step of listing) {
    hasMore = !isBehind && steps.length === query.limit;
    if (hasMore) break;
    if (!isBehind) steps.push(step);
    else if (step.sid === after) isBehind = false;
  }
  if (isBehind) throw foreignCursor();
  return {
    status: 200,
    body: {
      steps: steps.map(stepJson),
      nextCursor: hasMore ? sealCursor(secret, scope, steps.at(-1)?.sid) : null,
    },
  };
}

/** GET …/steps/{step}. */
export async function fetchStep(
  { studio }: StepsRuntime,
  { flow, params, signal }: Request<'GET /flows/{flow}/executions/{execution}/steps/{step}'>,
): Promise<Answer> {
  const step = await studio.steps.fetch(flow.sid, params.execution, params.step, { signal });
  return { status: 200, body: stepJson(step) };
}

/** GET …/steps/{step}/context: personal data, behind its own scope. */
export async function fetchStepContext(
  { studio }: StepsRuntime,
  { flow, params, signal }: Request<'GET /flows/{flow}/executions/{execution}/steps/{step}/context'>,
): Promise<Answer> {
  const context = await studio.steps.context(flow.sid, params.execution, params.step, { signal });
  return { status: 200, body: { ...contextJson(context), stepSid: context.stepSid } };
}

/** Without its context, which Studio sends along with some steps. */
function stepJson(step: Step) {
  return {
    sid: step.sid,
    accountSid: step.accountSid,
    flowSid: step.flowSid,
    executionSid: step.executionSid,
    parentStepSid: step.parentStepSid,
    name: step.name,
    type: step.type,
    transitionedFrom: step.transitionedFrom,
    transitionedTo: step.transitionedTo,
    dateCreated: step.dateCreated,
    dateUpdated: step.dateUpdated,
    url: step.url,
  };
}
