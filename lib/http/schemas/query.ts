import * as v from 'valibot';
import { restorePlus } from '../../studio/addresses.ts';
import { contact, contactMetadata, moment } from './common.ts';

/** Query strings. All values arrive as text; what comes out is typed. */

const DEFAULT_LIMIT = 50;
const MAX_LIMIT = 1_000;
export const MAX_CURSOR_CHARACTERS = 4_096;

const limit = v.pipe(
  v.optional(
    v.pipe(
      v.string(),
      v.check((text) => /^\d{1,9}$/.test(text), 'must be a whole number from 1 to 1000'),
      v.transform(Number),
      v.minValue(1, 'must be at least 1'),
      v.maxValue(MAX_LIMIT, 'must be at most 1000'),
    ),
    String(DEFAULT_LIMIT),
  ),
  v.metadata({ type: 'integer', minimum: 1, maximum: MAX_LIMIT, default: DEFAULT_LIMIT }),
);

const cursor = v.optional(
  v.pipe(
    v.string(),
    v.minLength(1, 'must not be empty'),
    v.maxLength(MAX_CURSOR_CHARACTERS, 'is not a cursor of this list'),
  ),
);

export const pageQuery = v.strictObject({ limit, cursor });

/** A contact in a query string, where `%20` before digits also stands for a plus. */
const contactFilter = v.pipe(v.string(), contactMetadata, v.transform(restorePlus), contact);

const executionFilters = v.strictObject({
  status: v.exactOptional(v.picklist(['active', 'ended'])),
  dateCreatedFrom: v.exactOptional(moment),
  dateCreatedTo: v.exactOptional(moment),
  contact: v.exactOptional(contactFilter),
  limit,
  cursor,
});

export const executionsQuery = v.pipe(
  executionFilters,
  v.forward(
    v.partialCheck(
      [['dateCreatedFrom'], ['dateCreatedTo']],
      ({ dateCreatedFrom: from, dateCreatedTo: to }) => from === undefined || to === undefined || from < to,
      'must be later than dateCreatedFrom',
    ),
    ['dateCreatedTo'],
  ),
);

export const deleteQuery = v.strictObject({
  end: v.optional(
    v.pipe(
      v.picklist(['true', 'false']),
      v.transform((text) => text === 'true'),
    ),
    'false',
  ),
});

export type ExecutionsQuery = v.InferOutput<typeof executionsQuery>;
