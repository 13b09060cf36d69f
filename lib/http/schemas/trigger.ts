import * as v from 'valibot';
import { address } from '../../config.ts';

/** The body of a trigger. A form's `To`, `From` and `Parameters` are read into the same members first. */
export const triggerBody = v.strictObject({
  to: address,
  from: v.optional(address),
  parameters: v.optional(v.record(v.string(), v.unknown())),
  onConflict: v.optional(v.picklist(['fail', 'return', 'replace'])),
});

export type TriggerBody = v.InferOutput<typeof triggerBody>;
