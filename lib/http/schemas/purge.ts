import * as v from 'valibot';
import { duration } from '../../config/configuration.ts';
import { contact, moment } from './common.ts';

/** Far above what an account can hold in the 30 days that Twilio keeps executions. */
const MAX_PURGE_LIMIT = 100_000_000;
const MAX_FLOWS = 1_000;
export const MAX_CONTACTS = 20;

const contactList = v.pipe(
  v.array(contact),
  v.minLength(1, 'must name at least one address'),
  v.maxLength(MAX_CONTACTS, `must name at most ${MAX_CONTACTS} addresses`),
  v.metadata({ uniqueItems: true }),
  v.checkItems((one, index, all) => all.indexOf(one) === index, 'is in the list already'),
);

const fields = v.strictObject({
  flows: v.union([
    v.literal('all'),
    v.pipe(
      v.array(v.pipe(v.string(), v.minLength(1), v.maxLength(64))),
      v.minLength(1, 'must name at least one flow'),
      v.maxLength(MAX_FLOWS, 'must name at most 1000 flows'),
    ),
  ]),
  /** `ended` unless the action is `end`, which only an active one can be told. */
  status: v.optional(v.picklist(['ended', 'active', 'any'])),
  olderThan: v.nullish(v.pipe(duration, v.metadata({ pattern: '^P', examples: ['P7D', 'PT12H'] })), null),
  dateCreatedFrom: v.nullish(moment, null),
  dateCreatedTo: v.nullish(moment, null),
  contact: v.nullish(v.union([contact, contactList]), null),
  action: v.optional(v.picklist(['delete', 'end']), 'delete'),
  archive: v.optional(v.boolean(), false),
  limit: v.nullish(
    v.pipe(
      v.number(),
      v.integer('must be a whole number'),
      v.minValue(1, 'must be at least 1'),
      v.maxValue(MAX_PURGE_LIMIT, 'must be at most 100000000'),
    ),
    null,
  ),
  dryRun: v.optional(v.boolean(), true),
});

/**
 * The body of POST /purges, defaults filled in. Each check looks at its own members only, so that it speaks
 * up beside other mistakes too. That the flows are configured ones is checked where the configuration is.
 */
export const purgeBody = v.pipe(
  fields,
  v.forward(
    v.partialCheck(
      [['olderThan'], ['dateCreatedFrom'], ['dateCreatedTo'], ['contact']],
      (body) => (body.olderThan ?? body.dateCreatedFrom ?? body.dateCreatedTo ?? body.contact) !== null,
      'is missing: give olderThan, dateCreatedFrom, dateCreatedTo or contact',
    ),
    ['olderThan'],
  ),
  v.forward(
    v.partialCheck(
      [['olderThan'], ['dateCreatedFrom'], ['dateCreatedTo']],
      (body) => body.olderThan === null || (body.dateCreatedFrom ?? body.dateCreatedTo) === null,
      'goes with neither dateCreatedFrom nor dateCreatedTo',
    ),
    ['olderThan'],
  ),
  v.forward(
    v.partialCheck(
      [['dateCreatedFrom'], ['dateCreatedTo']],
      ({ dateCreatedFrom, dateCreatedTo }) =>
        dateCreatedFrom === null || dateCreatedTo === null || dateCreatedFrom < dateCreatedTo,
      'must be later than dateCreatedFrom',
    ),
    ['dateCreatedTo'],
  ),
  v.forward(
    v.partialCheck(
      [['action'], ['status']],
      ({ action, status }) => action !== 'end' || status !== 'ended',
      'has nothing to end: give active or any',
    ),
    ['status'],
  ),
  v.forward(
    v.partialCheck(
      [['action'], ['archive']],
      ({ action, archive }) => action !== 'end' || !archive,
      'is only for the action delete',
    ),
    ['archive'],
  ),
  v.transform((body) => ({ ...body, status: body.status ?? (body.action === 'end' ? 'active' : 'ended') })),
);

export type PurgeBody = v.InferOutput<typeof purgeBody>;
