import type { Execution } from '../studio/types.ts';

/** A phone number, with or without a channel before it (`whatsapp:+55…`). */
const PHONE_NUMBER = /^(?:[a-z]+:)?\+?([\d\s().-]{5,})$/i;

/**
 * Whether an execution may be one with this contact. Only two phone numbers with different digits are surely
 * two contacts: Studio may write any other address differently from how it was sent, or not tell it at all.
 */
export function contactMayBe({ contactChannelAddress }: Execution, to: string): boolean {
  if (contactChannelAddress === null) return true;
  const theirs = digitsOf(contactChannelAddress);
  const wanted = digitsOf(to);
  if (theirs === undefined || wanted === undefined) return true;
  // One of them may lack its country code.
  return theirs.endsWith(wanted) || wanted.endsWith(theirs);
}

/** Without the zeros that stand before a number in national and international dialling. */
function digitsOf(address: string): string | undefined {
  return PHONE_NUMBER.exec(address)?.[1]?.replaceAll(/\D/g, '').replace(/^0+/, '');
}
