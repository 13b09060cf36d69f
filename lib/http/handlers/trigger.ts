import type { ConfiguredFlow } from '../../config/configuration.ts';
import type { Studio } from '../../studio/client.ts';
import { StudioError } from '../../studio/errors.ts';
import type { Triggered } from '../../trigger/trigger.ts';
import { invalidRequest, Problem } from '../problems.ts';
import type { AnswerOf, Request } from '../request.ts';
import { executionBody } from './bodies.ts';

/** `Retry-After` where neither Studio nor the claim gives a time. */
const RETRY_AFTER_MS = 2_000;

const LOOK_TIMEOUT_MS = 3_000;

type Executions = Pick<Studio['executions'], 'fetch'>;
type TriggerRequest = Pick<Request<'POST /flows/{flow}/executions'>, 'caller' | 'flow' | 'signal'>;

/**
 * Removes the SID of a conflicting execution that the caller may not see: it may belong to another flow. A
 * caller that is restricted to some flows gets the SID only if Studio finds the execution under this flow.
 */
export async function withoutForeignSid(
  executions: Executions,
  triggered: Triggered,
  { caller, flow, signal }: TriggerRequest,
): Promise<Triggered> {
  if (triggered.outcome !== 'conflict' || caller.flows === null) return triggered;
  const { conflictingExecutionSid: sid } = triggered;
  if (sid === null) return triggered;
  try {
    const { flowSid } = await executions.fetch(flow.sid, sid, { signal, timeoutMs: LOOK_TIMEOUT_MS });
    if (flowSid === flow.sid) return triggered;
  } catch (error) {
    if (!(error instanceof StudioError)) throw error;
  }
  return { ...triggered, conflictingExecutionSid: null };
}

/** What a caller is answered, for everything that triggering can come to. */
export function triggerAnswer(triggered: Triggered, flow: ConfiguredFlow): AnswerOf<'Triggered'> {
  switch (triggered.outcome) {
    case 'created':
    case 'existing':
    case 'replaced':
      return {
        status: triggered.outcome === 'created' ? 201 : 200,
        body: { outcome: triggered.outcome, execution: executionBody(triggered.execution, flow) },
        headers: triggered.replayed ? { 'idempotent-replayed': 'true' } : {},
      };
    case 'invalid':
      throw invalidRequest(triggered.mistakes);
    case 'conflict':
      throw new Problem('active-execution-exists', 'The contact has an active execution already.', {
        members: { conflictingExecutionSid: triggered.conflictingExecutionSid },
      });
    case 'refused':
      throw triggered.error;
    case 'throttled':
      throw new Problem('throttled', 'Studio takes no more executions at the moment.', {
        retryAfterMs: triggered.retryAfterMs,
      });
    case 'out-of-time':
      throw new Problem('studio-unavailable', 'Studio took too long; nothing was created.', {
        retryAfterMs: RETRY_AFTER_MS,
      });
    case 'unknown':
      // Without a key, a retry may create a second execution, so there is no Retry-After.
      throw triggered.repeatable
        ? new Problem('outcome-unknown', 'Send it again with the same key: there will be no second one.', {
            retryAfterMs: triggered.retryAfterMs,
          })
        : new Problem('outcome-unknown', 'Without a key, sending it again may create a second execution.');
    case 'in-progress':
      throw new Problem('request-in-progress', 'The first request with this key still runs.', {
        retryAfterMs: triggered.retryAfterMs,
      });
    case 'key-reused':
      throw new Problem('idempotency-key-reused', 'The first request with this key had another payload.');
    case 'signature-replayed':
      throw new Problem(
        'signature-replayed',
        'This signed request was sent before with another key header or none, so it triggers nothing. Sign a new one.',
      );
    case 'unavailable':
      throw new Problem('unavailable', 'The key could not be claimed; nothing was created.', {
        retryAfterMs: RETRY_AFTER_MS,
        cause: triggered.cause,
      });
  }
}
