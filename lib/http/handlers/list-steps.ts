import type { Studio } from '../../studio/client.ts';
import type { Step } from '../../studio/types.ts';
import { foreignCursor, openCursor, sealCursor } from '../list/cursor.ts';
import type { AnswerOf, Request, ServeRuntime } from '../request.ts';
import { stepBody } from './bodies.ts';

/** An execution has at most 1,000 steps: one upstream page. */
const MAX_PAGE_SIZE = 1_000;

type StepsRuntime = Pick<ServeRuntime, 'secret'> & { studio: Pick<Studio, 'steps'> };

/**
 * GET …/{execution}/steps. A cursor holds the SID of the last step that was returned: steps are only added,
 * and are deleted only with their execution.
 */
export async function listSteps(
  { studio, secret: source }: StepsRuntime,
  { flow, params, query, route, signal }: Request<'GET /flows/{flow}/executions/{execution}/steps'>,
): Promise<AnswerOf<'Steps'>> {
  const secret = await source.get();
  const scope = [route, flow.sid, params.execution];
  let after = openCursor<string>(secret, scope, query.cursor);
  const pageSize = after === undefined ? Math.min(query.limit + 1, MAX_PAGE_SIZE) : MAX_PAGE_SIZE;
  const steps: Step[] = [];
  let next: string | null = null;
  const listing = studio.steps.list(flow.sid, params.execution, { pageSize }, { signal, readAhead: false });
  for await (const step of listing) {
    if (steps.length === query.limit) {
      next = steps.at(-1)?.sid ?? null;
      break;
    }
    if (after === undefined) steps.push(step);
    else if (step.sid === after) after = undefined;
  }
  if (after !== undefined) throw foreignCursor();
  return { status: 200, body: { steps: steps.map(stepBody), nextCursor: sealCursor(secret, scope, next) } };
}
