import * as v from 'valibot';
import { sidOf } from '../../config/configuration.ts';
import {
  CONTACT_RULE,
  isContactAddress,
  isRecipient,
  MAX_ADDRESS_CHARACTERS,
  RECIPIENT_RULE,
} from '../../studio/addresses.ts';

/**
 * Parts of request bodies and query strings. JSON Schema cannot express their checks: their `metadata` is
 * what the OpenAPI document says instead.
 */

const MOMENT = /^(\d{4}-\d\d-\d\d)(T\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d))?$/;

/** A date, or a date and time with its zone, ISO 8601. Comes out in UTC. */
export const moment = v.pipe(
  v.string(),
  v.metadata({ pattern: MOMENT.source, examples: ['2026-11-22T10:00:00Z'] }),
  v.check(isMoment, 'must be a date, or a date and time with its zone, such as 2026-11-22T10:00:00Z'),
  v.transform((text) => new Date(text).toISOString()),
);

function isMoment(text: string): boolean {
  const date = MOMENT.exec(text)?.[1];
  if (date === undefined || Number.isNaN(Date.parse(text))) return false;
  // JavaScript reads February 30 as March 2. In UTC, the year may have another number of digits than four.
  return new Date(date).toISOString().startsWith(date) && /^\d{4}-/.test(new Date(text).toISOString());
}

export const NUMBER_OR_CHANNEL = '\\+[1-9][0-9]{6,14}|[a-z][a-z0-9._-]*:\\S+';

export function addressMetadata(pattern: string, examples: string[]) {
  const bounds = { minLength: 1, maxLength: MAX_ADDRESS_CHARACTERS };
  return v.metadata<string, Readonly<Record<string, unknown>>>({ ...bounds, pattern, examples });
}

const EXAMPLES = ['+15005550006', 'whatsapp:+15005550006'];

export const recipient = v.pipe(
  v.string(),
  addressMetadata(`^(${NUMBER_OR_CHANNEL})$`, EXAMPLES),
  v.check(isRecipient, RECIPIENT_RULE),
);

export const contactMetadata = addressMetadata('^\\S(.*\\S)?$', EXAMPLES);
export const contact = v.pipe(v.string(), contactMetadata, v.check(isContactAddress, CONTACT_RULE));

export const executionSid = sidOf('FN', 'an execution SID');
export const stepSid = sidOf('FT', 'a step SID');
