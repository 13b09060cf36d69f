import * as v from 'valibot';
import { address, duration } from '../../config.ts';
import { moment } from './common.ts';

/** Far above what an account can hold in the 30 days that Twilio keeps executions. */
const MAX_PURGE_LIMIT = 100_000_000;
const MAX_FLOWS = 1_000;
const MAX_FLOW_CHARACTERS = 64;

/**
 * The body of POST /purges, member by member. Defaults, and what the members mean beside each other, are
 * lib/purge's business; a null says the same as leaving it out.
 */
export const purgeBody = v.strictObject({
  flows: v.optional(
    v.nullable(
      v.union([
        v.literal('all'),
        v.pipe(
          v.array(v.pipe(v.string(), v.minLength(1, 'must not be empty'), v.maxLength(MAX_FLOW_CHARACTERS))),
          v.minLength(1, 'must name at least one flow'),
          v.maxLength(MAX_FLOWS, 'must name at most 1000 flows'),
        ),
      ]),
    ),
  ),
  status: v.optional(v.nullable(v.picklist(['ended', 'active', 'any']))),
  olderThan: v.optional(v.nullable(duration)),
  dateCreatedFrom: v.optional(v.nullable(moment)),
  dateCreatedTo: v.optional(v.nullable(moment)),
  contact: v.optional(v.nullable(address)),
  action: v.optional(v.nullable(v.picklist(['delete', 'end']))),
  archive: v.optional(v.nullable(v.boolean())),
  limit: v.optional(
    v.nullable(
      v.pipe(
        v.number(),
        v.integer('must be a whole number'),
        v.minValue(1, 'must be at least 1'),
        v.maxValue(MAX_PURGE_LIMIT, 'must be at most 100000000'),
      ),
    ),
  ),
  dryRun: v.optional(v.nullable(v.boolean())),
});

export type PurgeBody = v.InferOutput<typeof purgeBody>;
