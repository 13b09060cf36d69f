const MAX_READ_CHARACTERS = 2_000;
const MAX_MESSAGE_CHARACTERS = 300;
const MAX_TEXTS = 200;
/** Shorter ones would take words apart. */
const MIN_TEXT_CHARACTERS = 3;
/** From so many digits on it is a phone number, whoever it belongs to. Codes and bounds have fewer. */
const PHONE_NUMBER_DIGITS = 7;

/** Between its digits may stand what is neither letter nor digit. */
const NUMBER = /[+(]*\d(?:[^\p{L}\p{N}]{0,3}\d)*/gu;
const QUOTED = /(["'`])(?:(?!\1).)*\1|“[^”]*”|‘[^’]*’|«[^»]*»/g;
/** `whatsapp:+1…`, `client:name`, but not the beginning of a URL. */
const CHANNEL = /\b[a-z][a-z0-9+.-]*:(?!\/\/)\S+/gi;
const USER_AT_HOST = /\S+@\S+/g;

/**
 * Twilio's words without values, since a problem may end up in a log. They often repeat what was sent, and not as
 * it was sent: whatever stands in quotes, looks like an address, or is a text or a number of `sent`, in whichever
 * spelling, becomes `…`. `sent` has passed the checks of a body, and so is not deep.
 */
export function withoutValues(words: string, sent: unknown): string {
  const texts = textsIn(sent).map(plain);
  const numbers = texts.map(digitsOf).filter((digits) => digits.length >= MIN_TEXT_CHARACTERS);
  let text = plain(words.slice(0, MAX_READ_CHARACTERS));
  for (const value of texts) text = text.replaceAll(/\p{L}/u.test(value) ? inAnySpelling(value) : value, '…');
  return text
    .replaceAll(QUOTED, '…')
    .replaceAll(CHANNEL, '…')
    .replaceAll(USER_AT_HOST, '…')
    .replaceAll(NUMBER, (number) => (isPersonal(digitsOf(number), numbers) ? '…' : number))
    .slice(0, MAX_MESSAGE_CHARACTERS);
}

/** Part of a number that was sent counts as well: numbers are written in groups, and shortened. */
function isPersonal(digits: string, numbers: readonly string[]): boolean {
  if (digits.length >= PHONE_NUMBER_DIGITS) return true;
  return digits.length >= MIN_TEXT_CHARACTERS && numbers.some((number) => number.includes(digits));
}

/** Without the zeros that stand before a number in dialling. */
function digitsOf(text: string): string {
  return text.replaceAll(/\D/g, '').replace(/^0+/, '');
}

/** Percent-encoded once or twice, and with full-width or invisible characters, it is the same text. */
function plain(text: string): string {
  const decode = (encoded: string) => encoded.replaceAll(/(?:%[0-9a-f]{2})+/gi, decodedOr);
  return decode(decode(text))
    .normalize('NFKC')
    .replaceAll(/\p{Cf}/gu, '');
}

function decodedOr(encoded: string): string {
  try {
    return decodeURIComponent(encoded);
  } catch {
    return encoded;
  }
}

/** Its words in either case, with whatever separates them. */
function inAnySpelling(text: string): RegExp {
  const words = text.match(/[\p{L}\p{N}]+/gu) ?? [];
  return new RegExp(words.join('[^\\p{L}\\p{N}]{1,3}'), 'giu');
}

/** The texts and names in a body, and the names behind channels; the longest ones first. */
function textsIn(sent: unknown): string[] {
  const found: string[] = [];
  const look = (value: unknown) => {
    if (typeof value === 'string') found.push(value, value.slice(value.indexOf(':') + 1));
    else if (JSON.isRawJSON(value)) found.push(value.rawJSON);
    else if (typeof value === 'number') found.push(String(value));
    else if (typeof value === 'object' && value !== null) for (const one of Object.values(value)) look(one);
  };
  look(sent);
  // The body's own names are ours and may stand in any sentence; those of the parameters are the caller's.
  if (typeof sent === 'object' && sent !== null && 'parameters' in sent)
    found.push(...namesIn(sent.parameters));
  return [...new Set(found)]
    .filter(({ length }) => length >= MIN_TEXT_CHARACTERS && length <= MAX_READ_CHARACTERS)
    .sort((one, other) => other.length - one.length)
    .slice(0, MAX_TEXTS);
}

function namesIn(value: unknown): string[] {
  if (typeof value !== 'object' || value === null || JSON.isRawJSON(value)) return [];
  const names = Array.isArray(value) ? [] : Object.keys(value);
  return [...names, ...Object.values(value).flatMap(namesIn)];
}
