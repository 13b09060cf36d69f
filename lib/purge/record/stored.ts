import * as v from 'valibot';
import type { Batch } from '../engine/ports.ts';

/** What is read back from the table is checked like everything else that comes from outside. */

const count = v.pipe(v.number(), v.safeInteger());
const nullableText = v.nullable(v.string());

export const failedItemSchema = v.object({
  sid: v.string(),
  created: v.optional(nullableText, null),
  active: v.boolean(),
  archived: v.boolean(),
  reason: v.string(),
  transient: v.boolean(),
  // Older versions did not tell the cases apart, and claimed the most.
  unclear: v.optional(v.picklist(['nothing', 'ended', 'deleted']), 'deleted'),
  round: v.optional(count, 0),
});

export const batchSchema: v.GenericSchema<unknown, Batch> = v.object({
  seq: count,
  flow: count,
  retryOf: v.nullable(v.object({ failed: v.array(failedItemSchema) })),
  archived: v.boolean(),
  newlyArchived: count,
  gone: v.array(v.string()),
  disputed: v.optional(v.boolean(), false),
  active: v.array(v.string()),
  inactive: v.array(v.string()),
  failed: v.array(failedItemSchema),
  outcome: v.nullable(
    v.object({ done: v.array(v.string()), ended: count, alreadyGone: count, touched: count }),
  ),
});
