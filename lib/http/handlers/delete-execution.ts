import type { Studio } from '../../studio/client.ts';
import { StudioError } from '../../studio/errors.ts';
import type { DeleteOutcome } from '../../studio/types.ts';
import { Problem } from '../problems.ts';
import type { AnswerOf, Request } from '../request.ts';
import { isConflict, stillActive } from './end-execution.ts';

type DeleteRuntime = { studio: { executions: Pick<Studio['executions'], 'fetch' | 'end' | 'delete'> } };

/**
 * DELETE …/{execution}. May be repeated: a missing execution is a success. Twilio does not document what a
 * delete does to an active execution, so it is fetched first, and ended first if the caller asks for that. An
 * execution of another flow is left alone.
 */
export async function deleteExecution(
  { studio }: DeleteRuntime,
  { flow, params, query, signal }: Request<'DELETE /flows/{flow}/executions/{execution}'>,
): Promise<AnswerOf<'Deleted'>> {
  const sid = params.execution;
  try {
    const { status } = await studio.executions.fetch(flow.sid, sid, { signal });
    if (status !== 'ended') {
      if (!query.end)
        throw new Problem('still-active', 'It is still active: end it first, or delete with ?end=true.');
      await studio.executions.end(flow.sid, sid, { signal }).catch(stillActive);
    }
  } catch (error) {
    if (error instanceof StudioError && error.kind === 'not-found') return answer('already-gone', sid);
    throw error;
  }
  try {
    const result = await erase(studio, flow.sid, sid, signal);
    // The execution existed a moment ago. After a lost response, its absence means that our attempt deleted it.
    const isOurs = result.outcome === 'deleted' || result.afterLostResponse;
    return answer(isOurs ? 'deleted' : 'already-gone', sid);
  } catch (error) {
    // Studio refused the delete, but the execution is gone.
    if (error instanceof StudioError && error.kind === 'not-found') return answer('deleted', sid);
    if (!isConflict(error)) throw error;
    const detail = 'Studio does not delete it now: another update may be under way. Try again later.';
    throw new Problem('still-active', detail, { cause: error });
  }
}

/** Deletes the execution. If Studio refuses, but shows it as ended, tries once more. */
async function erase(
  { executions }: DeleteRuntime['studio'],
  flowSid: string,
  sid: string,
  signal: AbortSignal,
): Promise<DeleteOutcome> {
  const remove = () => executions.delete(flowSid, sid, { signal });
  try {
    return await remove();
  } catch (error) {
    if (!isConflict(error)) throw error;
    const { status } = await executions.fetch(flowSid, sid, { signal });
    if (status === 'ended') return await remove();
    throw error;
  }
}

function answer(outcome: 'deleted' | 'already-gone', sid: string): AnswerOf<'Deleted'> {
  return { status: 200, body: { outcome, sid } };
}
