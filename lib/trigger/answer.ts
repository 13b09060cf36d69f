import * as v from 'valibot';
import { type Execution, executionSchema } from '../studio/types.ts';

export type TriggerAnswer = { outcome: 'created' | 'existing' | 'replaced'; execution: Execution };

/**
 * An answer as it is stored with the claim, without the contact's address. A later request under the same key
 * has the same payload, so its own `to` replaces the address.
 */
const storedAnswer = v.object({
  outcome: v.picklist(['created', 'existing', 'replaced']),
  /** Whether Studio reported the address exactly as it was sent. If not, a replay has none. */
  contactIsTo: v.boolean(),
  execution: v.omit(executionSchema, ['contactChannelAddress']),
});

export function toStored({ outcome, execution }: TriggerAnswer, to: string): string {
  const { contactChannelAddress, ...rest } = execution;
  return JSON.stringify({ outcome, contactIsTo: contactChannelAddress === to, execution: rest });
}

export function fromStored(stored: string, to: string): TriggerAnswer {
  const { outcome, contactIsTo, execution } = v.parse(storedAnswer, JSON.parse(stored));
  return { outcome, execution: { ...execution, contactChannelAddress: contactIsTo ? to : null } };
}
