import * as v from 'valibot';

/** A moment: a date or a date and time, ISO 8601, with a zone when it has a time. Comes out in UTC. */
export const moment = v.pipe(
  v.string(),
  v.maxLength(40, 'must be at most 40 characters'),
  v.regex(
    /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d))?$/,
    'must be ISO 8601 with a zone, such as 2026-11-22T10:00:00Z',
  ),
  v.check((text) => !Number.isNaN(Date.parse(text)), 'must be a moment that exists'),
  v.transform((text) => new Date(text).toISOString()),
);

export const executionSid = v.pipe(
  v.string(),
  v.regex(/^FN[0-9a-fA-F]{32}$/, 'must be an execution SID: FN and 32 hexadecimal digits'),
);

export const stepSid = v.pipe(
  v.string(),
  v.regex(/^FT[0-9a-fA-F]{32}$/, 'must be a step SID: FT and 32 hexadecimal digits'),
);
