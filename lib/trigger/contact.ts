import type { Execution } from '../studio/types.ts';

/** A phone number, with or without a channel before it (`whatsapp:+55…`). */
const PHONE_NUMBER = /^(?:[a-z]+:)?\+?([\d\s().-]{5,})$/i;
/**
 * The last digits, which no rewriting changes: Mexico's `+521…`, Argentina's `+549…`, Brazil's ninth digit.
 */
const SAME_DIGITS = 8;

/**
 * Whether an execution may belong to this contact. False only for phone numbers that differ in their last
 * eight digits, or in as many as both have: Studio may write an address differently from how it was sent, or
 * omit it.
 */
export function contactMayBe({ contactChannelAddress }: Execution, to: string): boolean {
  const theirs = digitsOf(contactChannelAddress);
  const wanted = digitsOf(to);
  const compared = Math.min(SAME_DIGITS, theirs.length, wanted.length);
  return compared === 0 || theirs.slice(-compared) === wanted.slice(-compared);
}

/** Returns the digits without leading zeros, which are dialling prefixes; empty if it is no phone number. */
function digitsOf(address: string | null): string {
  const number = PHONE_NUMBER.exec(address ?? '')?.[1] ?? '';
  return number.replaceAll(/\D/g, '').replace(/^0+/, '');
}
