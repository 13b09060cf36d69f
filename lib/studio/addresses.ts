/** Twilio's addresses. Each kind has a check and a sentence that says what the check expects. */

export const MAX_ADDRESS_CHARACTERS = 300;

export const RECIPIENT_RULE =
  'must be a phone number in E.164, such as +442079460958 or whatsapp:+442079460958, or an address behind its lower-case channel, such as client:alice or sip:alice@example.com';
export const SENDER_RULE =
  'must be a phone number in E.164, such as +442079460958 or whatsapp:+442079460958, a Messaging Service SID, a short code, or an address behind its lower-case channel, such as rcs:agent';
export const CONTACT_RULE =
  'must be an address as Studio reports it, such as +442079460958, whatsapp:+442079460958, client:alice or a short code, and a phone number must have its +';

const E164 = /^\+[1-9][0-9]{6,14}$/;
const CHANNEL = /^[a-z][a-z0-9._-]*$/;
/** URI schemes and prefixes of a plain phone number, which Twilio writes without a prefix. */
const PHONE_WORDS =
  'call|callto|cell|e164|fax|mms|mmsto|mobile|number|phone|pstn|sms|smsto|tel|telephone|text|voice';
const PHONE_SCHEMES = new RegExp(`^(?:${PHONE_WORDS})$`);
const BESIDE_A_NUMBER = new RegExp(`^:+|^(?:${PHONE_WORDS})\\s+|:+$`, 'giu');
/** WhatsApp's identifier of a user without a phone number, such as `US.13491208655302741918`. */
const WHATSAPP_USER = /^[A-Z]{2}(?:\.[A-Za-z0-9]+)+$/;
const SIP_USER = /^[^@]+@[^@]+$/;
const RCS_AGENT = /^rcs:(?=.*[A-Za-z])[A-Za-z0-9._-]+$/;
const MESSAGING_SERVICE = /^MG[0-9a-fA-F]{32}$/;
const SHORT_CODE = /^[0-9]{3,8}$/;

/** White space and invisible characters. */
const UNSEEN_OR_SPACE = /[\p{Cc}\p{Cf}\p{Cs}\p{Z}\p{Default_Ignorable_Code_Point}]/u;
const CONTROL_OR_FORMAT = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;
/** Numerals and plus signs that look like those of a phone number. */
const OTHER_NUMERALS = /(?![0-9])\p{N}|[\u207a\ufe62\uff0b]/u;

/** Whether a flow can be started for this address. Accepts one spelling of each address. */
export function isRecipient(text: string): boolean {
  if (text.length > MAX_ADDRESS_CHARACTERS || UNSEEN_OR_SPACE.test(text) || OTHER_NUMERALS.test(text))
    return false;
  if (E164.test(text)) return true;
  const colon = text.indexOf(':');
  const channel = text.slice(0, Math.max(colon, 0));
  const value = text.slice(colon + 1);
  if (!CHANNEL.test(channel) || PHONE_SCHEMES.test(channel) || value === '') return false;
  if (channel === 'sip' || channel === 'sips') return SIP_USER.test(value);
  if (channel === 'whatsapp') return E164.test(value) || WHATSAPP_USER.test(value);
  return channel === 'rcs' || value.startsWith('+') ? E164.test(value) : true;
}

/** Whether a flow can send messages or call from this address. */
export function isSender(text: string): boolean {
  return (
    isRecipient(text) ||
    MESSAGING_SERVICE.test(text) ||
    SHORT_CODE.test(text) ||
    (text.length <= MAX_ADDRESS_CHARACTERS && RCS_AGENT.test(text))
  );
}

/** Whether Studio may report this address as a contact's. A phone number must be spelled as Studio does. */
export function isContactAddress(text: string): boolean {
  if (text === '' || text.length > MAX_ADDRESS_CHARACTERS) return false;
  const isVisible = text.trim() === text && !CONTROL_OR_FORMAT.test(text);
  return isVisible && (isRecipient(text) || !isMisspelledNumber(text));
}

/** A number with fewer digits is a short code. */
const MIN_NUMBER_DIGITS = 9;
const MIN_PUNCTUATED_DIGITS = 7;

function isMisspelledNumber(contact: string): boolean {
  const text = contact.replaceAll(BESIDE_A_NUMBER, '');
  const colon = text.lastIndexOf(':');
  const channel = text.slice(0, Math.max(colon, 0));
  const value = text.slice(colon + 1);
  if (E164.test(value))
    return text !== contact || (colon >= 0 && (!CHANNEL.test(channel) || PHONE_SCHEMES.test(channel)));
  // A plus that begins a number, as in "+1202" or "(+44) 20"; the user of a SIP address may begin with one.
  if (/^[^\p{L}\p{N}@]*[+\u207a\ufe62\uff0b]/u.test(value)) return !value.includes('@');
  const family = channel
    .slice(channel.lastIndexOf(':') + 1)
    .trim()
    .toLowerCase();
  if (PHONE_SCHEMES.test(family) || family === 'whatsapp' || family === 'rcs')
    return /^[^\p{L}]*\p{N}/u.test(value);
  if (colon >= 0 || /[\p{L}@]/u.test(value)) return false;
  const digits = value.match(/\p{N}/gu)?.length ?? 0;
  return digits >= (/^[0-9]+$/.test(value) ? MIN_NUMBER_DIGITS : MIN_PUNCTUATED_DIGITS);
}

/** Turns a space before digits into a plus: forms and query strings decode a `+` as a space. */
export function restorePlus(text: string): string {
  return text.replace(/^([a-z][a-z0-9._-]*:)? (?=[0-9])/, '$1+');
}
