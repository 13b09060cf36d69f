import * as v from 'valibot';
import { sender } from '../../config/configuration.ts';
import { fieldsOf } from '../../studio/json/parse.ts';
import { addressMetadata, NUMBER_OR_CHANNEL, recipient } from './common.ts';

/** Whatever JSON can say in an object. A schema for records would drop names such as `constructor`. */
const parameters = v.pipe(
  v.unknown(),
  v.metadata({ type: 'object', additionalProperties: true }),
  v.check((value) => fieldsOf(value) !== undefined, 'must be an object'),
  v.transform((value): Record<string, unknown> => Object(value)),
);

const senderMetadata = addressMetadata(`^(${NUMBER_OR_CHANNEL}|MG[0-9a-fA-F]{32}|[0-9]{3,8})$`, [
  '+15017122661',
  'MG0123456789abcdef0123456789abcdef',
  '12345',
]);

/** The body of a trigger. A form's `To`, `From` and `Parameters` are read into the same members first. */
export const triggerBody = v.strictObject({
  to: recipient,
  from: v.optional(v.pipe(sender, senderMetadata)),
  parameters: v.optional(parameters),
  onConflict: v.optional(v.picklist(['fail', 'return', 'replace'])),
});
