import type { Studio } from '../../studio/client.ts';
import { StudioError } from '../../studio/errors.ts';
import type { Execution } from '../../studio/types.ts';
import { Problem } from '../problems.ts';
import type { AnswerOf, Request } from '../request.ts';
import { executionBody } from './bodies.ts';

type EndRuntime = { studio: { executions: Pick<Studio['executions'], 'end' | 'fetch'> } };

/** POST …/{execution}/end. May be repeated: one that has ended already is a success too. */
export async function endExecution(
  { studio }: EndRuntime,
  { flow, params, signal }: Request<'POST /flows/{flow}/executions/{execution}/end'>,
): Promise<AnswerOf<'Ended'>> {
  const { executions } = studio;
  const answer = (outcome: 'ended' | 'already-ended', execution: Execution): AnswerOf<'Ended'> => ({
    status: 200,
    body: { outcome, execution: executionBody(execution, flow) },
  });
  // Fetched before it is ended: it may belong to another flow.
  const found = await executions.fetch(flow.sid, params.execution, { signal });
  if (found.status === 'ended') return answer('already-ended', found);
  const ended = await executions.end(flow.sid, params.execution, { signal }).catch(stillActive);
  if (ended.outcome === 'ended') return answer('ended', ended.execution);
  // It was active a moment ago: after a try whose answer was lost, that try has ended it.
  const outcome = ended.afterLostResponse ? 'ended' : 'already-ended';
  return answer(outcome, await executions.fetch(flow.sid, params.execution, { signal }));
}

/** Throws `still-active` if Studio refused to end the execution; rethrows any other error. */
export function stillActive(error: unknown): never {
  if (!isConflict(error)) throw error;
  const detail = 'Studio does not end it: another update may be under way. Try again later.';
  throw new Problem('still-active', detail, { cause: error });
}

/** Whether Studio refused an end or a delete because of the execution's state. */
export function isConflict(error: unknown): boolean {
  return error instanceof StudioError && error.kind === 'conflict';
}
