import type { Endpoint } from './endpoints.ts';
import { fieldsOf } from './parse.ts';
import { isSid, type PathParts } from './sids.ts';

/**
 * Whether a resource that Studio answered is the one that was asked for: its own SID is of the right kind and,
 * where the path has one, that one; its account, flow, execution and step are those of the request. What it
 * does not say of the latter counts as right, since nearly every field may be null.
 */
export function isAskedFor(
  body: unknown,
  { answers }: Endpoint,
  parts: PathParts,
  accountSid: string,
): boolean {
  const told = fieldsOf(body) ?? {};
  if (answers && !isSid(answers, told['sid'])) return false;
  const wanted = {
    sid: answers && parts[answers],
    account_sid: accountSid,
    flow_sid: parts.flow,
    execution_sid: parts.execution,
    step_sid: parts.step,
  };
  return Object.entries(wanted).every(
    ([name, sid]) => sid === undefined || typeof told[name] !== 'string' || told[name] === sid,
  );
}
