import * as v from 'valibot';
import { Failed } from '../tool.ts';

/** Of a purge, what is looked at here; the API may tell more. */
const number = v.optional(v.number(), 0);
const text = v.optional(v.nullable(v.string()), null);

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
    contact: v.optional(v.nullable(v.union([v.string(), v.array(v.string())])), null),
    action: v.optional(v.string(), 'delete'),
    limit: v.optional(v.nullable(v.number()), null),
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
  activeMatched: v.optional(v.nullable(v.number()), null),
  activeLeft: v.optional(v.nullable(v.number()), null),
});

export type Purge = v.InferOutput<typeof purgeView>;

/** Throws a Failed when the answer is no purge. */
export function readPurge(body: unknown): Purge {
  const read = v.safeParse(purgeView, body);
  if (!read.success) throw new Failed(['The API answered with something that is no purge.']);
  return read.output;
}

/** How many it is done with, one way or the other. */
export function doneOf({ request, counts }: Purge): number {
  const done = request.action === 'end' ? counts.ended : counts.deleted;
  return done + counts.alreadyGone + counts.failed;
}
