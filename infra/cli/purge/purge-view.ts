import * as v from 'valibot';
import { Failed } from '../tool.ts';

const number = v.optional(v.number(), 0);
const text = v.nullish(v.string(), null);

/** What the command line reads of a purge; the API may return more. */
export const purgeView = v.object({
  id: v.string(),
  status: v.string(),
  dateStarted: v.string(),
  dateUpdated: v.string(),
  dateEnded: text,
  request: v.object({
    dryRun: v.boolean(),
    flows: v.optional(v.union([v.string(), v.array(v.string())]), []),
    status: text,
    contact: v.nullish(v.union([v.string(), v.array(v.string())]), null),
    action: v.optional(v.string(), 'delete'),
    limit: v.nullish(v.number(), null),
  }),
  window: v.optional(v.object({ from: text, to: v.string() })),
  counts: v.object({
    listed: number,
    matched: number,
    archived: number,
    ended: number,
    deleted: number,
    alreadyGone: number,
    failed: number,
  }),
  failures: v.optional(v.array(v.object({ sid: v.string(), reason: v.string() })), []),
  error: text,
  activeMatched: v.nullish(v.number(), null),
  activeLeft: v.nullish(v.number(), null),
});

export type Purge = v.InferOutput<typeof purgeView>;

/** Throws a Failed when the body is not a purge. */
export function readPurge(body: unknown): Purge {
  const read = v.safeParse(purgeView, body);
  if (!read.success) throw new Failed(['The API answered with something that is no purge.']);
  return read.output;
}

/** Executions that need no more work: acted on, gone already, or failed. */
export function doneOf({ request, counts }: Purge): number {
  const done = request.action === 'end' ? counts.ended : counts.deleted;
  return done + counts.alreadyGone + counts.failed;
}
