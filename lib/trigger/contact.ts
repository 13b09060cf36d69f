import type { Execution } from '../studio/types.ts';

/** A phone number, with or without a channel before it (`whatsapp:+55…`). */
const PHONE_NUMBER = /^(?:[a-z]+:)?\+?([\d\s().-]{5,})$/i;
/** What stays the same when a number is rewritten: Mexico's `+521…`, Argentina's `+549…`, Brazil's ninth digit. */
const SAME_DIGITS = 8;

/**
 * Whether an execution may be one with this contact. Only phone numbers that differ in their last eight digits, or
 * in those that both have, are surely two contacts: Studio may write a number, and any other address, differently
 * from how it was sent, or not tell it at all.
 */
export function contactMayBe({ contactChannelAddress }: Execution, to: string): boolean {
  const theirs = digitsOf(contactChannelAddress);
  const wanted = digitsOf(to);
  const compared = Math.min(SAME_DIGITS, theirs.length, wanted.length);
  return compared === 0 || theirs.slice(-compared) === wanted.slice(-compared);
}

/** Without the zeros that stand before a number in dialling; empty for what is no phone number. */
function digitsOf(address: string | null): string {
  const number = PHONE_NUMBER.exec(address ?? '')?.[1] ?? '';
  return number.replaceAll(/\D/g, '').replace(/^0+/, '');
}
