import type { ConfiguredFlow } from '../config.ts';
import type { Triggered } from '../trigger/trigger.ts';
import { executionJson } from './execution-json.ts';
import { invalidRequest, Problem } from './problems.ts';
import type { Answer } from './request.ts';

/** For callers who were turned away and have nothing to go by. */
const RETRY_AFTER_MS = 2_000;

/** What a caller is answered, for everything that triggering can come to. */
export function triggerAnswer(triggered: Triggered, flow: ConfiguredFlow): Answer {
  switch (triggered.outcome) {
    case 'created':
    case 'existing':
    case 'replaced':
      return {
        status: triggered.outcome === 'created' ? 201 : 200,
        body: { outcome: triggered.outcome, execution: executionJson(triggered.execution, flow) },
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
      throw new Problem('throttled', 'Studio takes no more executions at the moment.', triggered);
    case 'out-of-time':
      throw new Problem('studio-unavailable', 'Studio took too long; nothing was created.', {
        retryAfterMs: RETRY_AFTER_MS,
      });
    case 'unknown':
      // Nobody is invited to send again what might come to a second execution.
      throw triggered.repeatable
        ? new Problem(
            'outcome-unknown',
            'Send it again with the same key: there will be no second one.',
            triggered,
          )
        : new Problem('outcome-unknown', 'Without a key, sending it again may create a second execution.');
    case 'in-progress':
      throw new Problem('request-in-progress', 'The first request with this key still runs.', triggered);
    case 'key-reused':
      throw new Problem('idempotency-key-reused', 'The first request with this key had another payload.');
    case 'unavailable':
      throw new Problem('unavailable', 'The key could not be claimed; nothing was created.', {
        retryAfterMs: RETRY_AFTER_MS,
        cause: triggered.cause,
      });
  }
}
