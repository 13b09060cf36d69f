import { StudioError } from '../studio/errors.ts';
import type { Execution } from '../studio/types.ts';
import type { CreateJob } from './request.ts';

/** How often, and how far apart, it is checked that an execution ended. */
const END_CHECKS = 4;
const END_CHECK_PAUSE_MS = 250;

export type Resolved =
  /** It was ended, and was seen to have ended: create once more. */
  | { outcome: 'ended'; executionSid: string }
  | { outcome: 'existing'; execution: Execution }
  | { outcome: 'conflict'; conflictingExecutionSid: string | null }
  | { outcome: 'refused'; error: StudioError };

/**
 * Applies the policy to the execution that conflicts with a create. Reports the conflict if Studio does not
 * end the execution, or does not find it under this flow: it then belongs to another flow. `endedBefore` is
 * the execution that this request has already replaced; a further one is reported, too.
 */
export async function resolveConflict(
  job: CreateJob,
  executionSid: string | null,
  endedBefore: string | null,
): Promise<Resolved> {
  const { executions, flowSid, onConflict, signal } = job;
  const conflict = { outcome: 'conflict', conflictingExecutionSid: executionSid } as const;
  if (executionSid === null || onConflict === 'fail') return conflict;
  try {
    if (onConflict === 'replace' && endedBefore !== null) return conflict;
    // Fetched before it is ended: it may belong to another flow.
    const execution = await executions.fetch(flowSid, executionSid, { signal });
    if (onConflict === 'return') return { outcome: 'existing', execution };
    if (execution.status !== 'ended') await executions.end(flowSid, executionSid, { signal });
    return (await hasEnded(job, executionSid)) ? { outcome: 'ended', executionSid } : conflict;
  } catch (error) {
    if (!(error instanceof StudioError)) throw error;
    const isInTheWay = ['not-found', 'other-flow', 'conflict'].includes(error.kind);
    return isInTheWay ? conflict : { outcome: 'refused', error };
  }
}

async function hasEnded({ executions, sleep, flowSid, signal }: CreateJob, sid: string): Promise<boolean> {
  for (let check = 1; ; check++) {
    const { status } = await executions.fetch(flowSid, sid, { signal });
    if (status === 'ended') return true;
    if (check === END_CHECKS) return false;
    await sleep(END_CHECK_PAUSE_MS);
  }
}
