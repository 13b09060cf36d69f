import * as v from 'valibot';
import { sender } from '../../config/configuration.ts';
import { fieldsOf } from '../../studio/json/parse.ts';
import { recipient } from './common.ts';

/** Whatever JSON can say in an object. A schema for records would drop names such as `constructor`. */
export const parameters = v.pipe(
  v.unknown(),
  v.check((value) => fieldsOf(value) !== undefined, 'must be an object'),
  v.transform((value): Record<string, unknown> => Object(value)),
);

/** The body of a trigger. A form's `To`, `From` and `Parameters` are read into the same members first. */
export const triggerBody = v.strictObject({
  to: recipient,
  from: v.optional(sender),
  parameters: v.optional(parameters),
  onConflict: v.optional(v.picklist(['fail', 'return', 'replace'])),
});
