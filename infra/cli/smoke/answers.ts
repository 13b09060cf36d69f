import * as v from 'valibot';
import type { Answer } from '../api.ts';

/** What of the API's answers is looked at. */

/** The API answered, and not with what it should. */
export class Unexpected extends Error {
  override readonly name = 'Unexpected';
}

const sid = v.pipe(v.string(), v.regex(/^FN[0-9a-fA-F]{32}$/));
export const triggered = v.object({ outcome: v.string(), execution: v.object({ sid }) });
export const found = v.object({
  executions: v.array(v.object({ sid, status: v.nullable(v.string()) })),
  nextCursor: v.nullable(v.string()),
});
export const context = v.object({ executionSid: v.nullable(v.string()) });
export const outcome = v.object({ outcome: v.string() });

/** Throws Unexpected where the answer is not of this shape. */
export function read<S extends v.GenericSchema>(schema: S, { status, body }: Answer): v.InferOutput<S> {
  const result = v.safeParse(schema, body);
  if (!result.success) throw new Unexpected(`answered ${status} with something else`);
  return result.output;
}
