import * as v from 'valibot';
import type { Execution } from '../studio/types.ts';

export type TriggerAnswer = { outcome: 'created' | 'existing' | 'replaced'; execution: Execution };

const nullableText = v.nullable(v.string());

/**
 * An answer as it is kept with the claim: all of it but the contact's address. A request under the same key
 * has the same payload, so that its own `to` stands in when the answer comes back.
 */
const storedAnswer = v.object({
  outcome: v.picklist(['created', 'existing', 'replaced']),
  /** Whether Studio told the address as it was sent; told differently or not at all, none comes back. */
  contactIsTo: v.boolean(),
  execution: v.object({
    sid: v.string(),
    accountSid: nullableText,
    flowSid: nullableText,
    contactSid: nullableText,
    flowVersion: v.nullable(v.number()),
    status: v.nullable(v.picklist(['active', 'ended'])),
    dateCreated: nullableText,
    dateUpdated: nullableText,
    initiatedBy: nullableText,
    url: nullableText,
  }),
});

export function toStored({ outcome, execution }: TriggerAnswer, to: string): string {
  const { contactChannelAddress, ...rest } = execution;
  return JSON.stringify(
    v.parse(storedAnswer, { outcome, contactIsTo: contactChannelAddress === to, execution: rest }),
  );
}

export function fromStored(stored: string, to: string): TriggerAnswer {
  const { outcome, contactIsTo, execution } = v.parse(storedAnswer, JSON.parse(stored));
  return { outcome, execution: { ...execution, contactChannelAddress: contactIsTo ? to : null } };
}
