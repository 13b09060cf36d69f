import * as v from 'valibot';
import type { Batch } from '../engine/ports.ts';
import type { PurgeRecord } from './record.ts';

/** What is read back from the table is checked like everything else that comes from outside. */

const count = v.pipe(v.number(), v.safeInteger());
const nullableText = v.nullable(v.string());

const request = v.object({
  flows: v.union([v.literal('all'), v.array(v.string())]),
  status: v.picklist(['ended', 'active', 'any']),
  olderThan: nullableText,
  dateCreatedFrom: nullableText,
  dateCreatedTo: nullableText,
  contact: v.nullable(v.union([v.string(), v.array(v.string())])),
  action: v.picklist(['delete', 'end']),
  archive: v.boolean(),
  limit: v.nullable(count),
  dryRun: v.boolean(),
});

const counts = v.object({
  listed: count,
  matched: count,
  archived: count,
  ended: count,
  deleted: count,
  alreadyGone: count,
  failed: count,
});

const digest = v.object({ algorithm: v.literal('sum-sha256'), count, value: v.string() });

const progress = v.object({
  flow: count,
  sweep: count,
  foundInSweep: count,
  doneInSweep: v.optional(count, 0),
  shownAgain: v.optional(count, 0),
  idleSweeps: v.optional(count, 0),
  bound: nullableText,
  overlap: v.object({ listed: count, matched: count, active: count, left: v.optional(count, 0) }),
  leftBefore: v.optional(count, 0),
  othersBefore: v.optional(count, 0),
  sample: v.optional(v.array(v.string()), []),
  lateSample: v.optional(v.array(v.string()), []),
  repeats: v.optional(count, 0),
  firm: v.optional(v.nullable(v.object({ counts, digest, activeLeft: count })), null),
  settledBatch: count,
  retryRound: count,
  retryHelped: v.boolean(),
  retriedTo: v.optional(nullableText, null),
  fruitless: count,
  begun: v.optional(v.nullable(v.object({ step: v.string(), place: v.string(), deaths: count })), null),
  flowErrors: v.array(v.object({ flow: v.string(), reason: v.string() })),
});

export const recordSchema: v.GenericSchema<unknown, PurgeRecord> = v.object({
  id: v.string(),
  request,
  requestedBy: v.string(),
  policy: nullableText,
  status: v.picklist(['running', 'succeeded', 'stopped', 'failed']),
  dateStarted: v.string(),
  dateUpdated: v.string(),
  dateEnded: nullableText,
  window: v.object({ from: nullableText, to: v.string() }),
  flows: v.array(v.object({ alias: v.string(), sid: v.string() })),
  counts,
  activeMatched: count,
  activeLeft: v.optional(count, 0),
  failures: v.array(v.object({ sid: v.string(), reason: v.string() })),
  digest,
  error: nullableText,
  progress,
});

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
