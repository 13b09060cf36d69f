import * as v from 'valibot';
import type { Execution } from '../../studio/types.ts';
import type { Progress } from '../record/record.ts';
import { secondOf } from '../record/times.ts';

const count = v.pipe(v.number(), v.integer(), v.minValue(0));
const sids = v.array(v.string());

/** What this purge may have done to an execution by a call whose response it never got. */
const possibleEffect = v.picklist(['nothing', 'ended', 'deleted']);

export const failedItem = v.object({
  sid: v.string(),
  /** When it was created, as Studio says; null if that is not known. */
  created: v.nullable(v.string()),
  active: v.boolean(),
  archived: v.boolean(),
  reason: v.string(),
  /** Whether another try may help. */
  transient: v.boolean(),
  possibleEffect,
  /** The last retry round in which it was tried; 0 before the first. */
  round: count,
});

/**
 * Executions of one flow, saved before the purge acts on them. After a crash, all that is to do is repeated.
 */
export const batch = v.object({
  seq: count,
  /** Index into the record's flows. */
  flow: count,
  /** The failures that this batch tries again; null if its executions are new. */
  retried: v.nullable(v.array(failedItem)),
  /** Whether those in `outcome.failed` were counted as gone before, because Studio said so. */
  wereGone: v.boolean(),
  /** Whether `active` and `inactive` are surely in the archive. */
  archived: v.boolean(),
  /** To be ended first. */
  active: sids,
  inactive: sids,
  outcome: v.object({
    archived: count,
    /** Deleted by this purge, or ended if that is its action. */
    done: sids,
    ended: count,
    /** Deleted (or ended) before this purge acted on them. */
    gone: sids,
    failed: v.array(failedItem),
  }),
});

export type PossibleEffect = v.InferOutput<typeof possibleEffect>;
export type FailedItem = v.InferOutput<typeof failedItem>;
export type Batch = v.InferOutput<typeof batch>;
/** A batch of this worker: `owner` changes when another worker takes it over, whose saves then succeed. */
export type OwnedBatch = Batch & { owner: string };

/** An execution for a new batch. `execution` is for the archive, and left out elsewhere to save memory. */
export type NewItem = { sid: string; active: boolean; created?: string | null; execution?: Execution };

/** The executions of a batch as they were listed; none of a batch that is recovered. */
export type ListedItems = ReadonlyMap<string, NewItem>;

/** An execution of the batch that has failed. */
export function failedItemOf(
  { retried, archived }: Batch,
  sid: string,
  listed: ListedItems,
  more: Pick<FailedItem, 'active' | 'reason' | 'transient' | 'possibleEffect' | 'round'>,
): FailedItem {
  const before = retried?.find((item) => item.sid === sid);
  const { active, reason, transient, possibleEffect, round } = more;
  const created = before?.created ?? secondOf(listed.get(sid)?.created);
  return { sid, created, active, archived, reason, transient, possibleEffect, round };
}

/** The retry round that the batch belongs to; 0 if to none. */
export function roundOf({ retried }: Batch, { retryRound }: Progress): number {
  return retried === null ? 0 : retryRound + 1;
}
