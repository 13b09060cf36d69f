import type { Endpoint } from './endpoints.ts';
import { fieldsOf } from './parse.ts';
import { isSid, type PathParts } from './sids.ts';

/** Why an answer is refused: it is not about what was asked for; or it is, but of another flow. */
export type Misfit = 'nonsense' | 'other-flow';

/**
 * Compares a resource that Studio answered with what was asked for: its own SID is of the right kind and, where
 * the path has one, that one; its account, flow, execution and step are those of the request. What it does not
 * say of the latter counts as right, since nearly every field may be null. Only of what is read another flow is
 * told apart; where something was changed, nothing is known of what was done.
 */
export function misfitOf(
  body: unknown,
  { answers, method }: Endpoint,
  parts: PathParts,
  accountSid: string,
): Misfit | undefined {
  const told = fieldsOf(body) ?? {};
  const differs = (name: string, sid: string | number | undefined) =>
    sid !== undefined && typeof told[name] === 'string' && told[name] !== sid;
  if (
    (answers && (!isSid(answers, told['sid']) || differs('sid', parts[answers]))) ||
    differs('account_sid', accountSid) ||
    differs('execution_sid', parts.execution) ||
    differs('step_sid', parts.step)
  )
    return 'nonsense';
  if (differs('flow_sid', parts.flow)) return method === 'GET' ? 'other-flow' : 'nonsense';
  return undefined;
}
