import type { Endpoint } from '../endpoints.ts';
import { fieldsOf } from '../json/parse.ts';
import { isSid, type PathParts } from '../sids.ts';

/** Why an answer is refused: it is not about what was requested, or it belongs to another flow. */
export type Misfit = 'nonsense' | 'other-flow';

/**
 * Compares a resource in Studio's answer with the request. Its SID must be of the right kind and equal the
 * one in the path, if any. Its account, flow, execution and step must be those of the request; a missing or
 * null one matches, since nearly every field may be null.
 *
 * Returns `other-flow` for a read only. After a write, an answer about another flow does not tell what was
 * changed.
 */
export function misfitOf(
  body: unknown,
  { answers, method }: Endpoint,
  parts: PathParts,
  accountSid: string,
): Misfit | undefined {
  const told = fieldsOf(body) ?? {};
  const differs = (name: string, sid: string | number | undefined) =>
    sid !== undefined && (told[name] ?? sid) !== sid;
  if (
    (answers && (!isSid(answers, told['sid']) || differs('sid', parts[answers]))) ||
    differs('account_sid', accountSid) ||
    differs('execution_sid', parts.execution) ||
    differs('step_sid', parts.step)
  )
    return 'nonsense';
  if (differs('flow_sid', parts.flow))
    return method === 'GET' && typeof told['flow_sid'] === 'string' ? 'other-flow' : 'nonsense';
  return undefined;
}
