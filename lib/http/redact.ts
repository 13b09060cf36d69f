const MAX_READ_CHARACTERS = 2_000;
const MAX_MESSAGE_CHARACTERS = 300;
const MAX_TEXTS = 200;
/** Shorter texts would match parts of ordinary words. */
const MIN_TEXT_CHARACTERS = 3;
/** A number with at least this many digits counts as a phone number. Codes and limits have fewer. */
const PHONE_NUMBER_DIGITS = 7;

/** Digits with at most three characters between them, which are neither letters nor digits. */
const NUMBER = /[+(]*\d(?:[^\p{L}\p{N}]{0,3}\d)*/gu;
const QUOTED = /(["'`])(?:(?!\1).)*\1|“[^”]*”|‘[^’]*’|«[^»]*»/g;
/** `whatsapp:+1…`, `client:name`, but not the beginning of a URL. */
const CHANNEL = /\b[a-z][a-z0-9+.-]*:(?!\/\/)\S+/gi;
const USER_AT_HOST = /\S+@\S+/g;
const USER_AND_HOST = /^(?:[a-z][a-z0-9+.-]*:)?([^@\s]+)@([^@\s:;?]+)/i;
/** The user without a password or parameters, or the host if there is no user. */
const SIP_USER_OR_HOST = /^sips?:([^@\s:;?]+)/i;

/**
 * Removes values from Twilio's words, which often repeat what was sent in another spelling: a problem may end
 * up in a log. Replaces with `…` whatever is quoted, looks like an address, or is a text or a number of
 * `sent` in any spelling. `sent` must have passed the checks of a body, so that it is not deep.
 */
export function redactValues(words: string, sent: unknown): string {
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

/**
 * Whether it is a phone number, or part of a number in `sent`: numbers are written in groups, or shortened.
 */
function isPersonal(digits: string, numbers: readonly string[]): boolean {
  if (digits.length >= PHONE_NUMBER_DIGITS) return true;
  return digits.length >= MIN_TEXT_CHARACTERS && numbers.some((number) => number.includes(digits));
}

/** Returns the digits without leading zeros, which are dialling prefixes. */
function digitsOf(text: string): string {
  return text.replaceAll(/\D/g, '').replace(/^0+/, '');
}

/**
 * Decodes up to two levels of percent-encoding, normalises full-width characters and drops invisible ones.
 */
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

/** Matches the words of a text in any case, with one to three other characters between them. */
function inAnySpelling(text: string): RegExp {
  const words = text.match(/[\p{L}\p{N}]+/gu) ?? [];
  return new RegExp(words.join('[^\\p{L}\\p{N}]{1,3}'), 'giu');
}

/**
 * Collects the texts and names in a body, and the parts of addresses; the longest first. If there are too
 * many, it leaves out the shortest, but never those of `to` and `from`.
 */
function textsIn(sent: unknown): string[] {
  const found: string[] = [];
  const look = (value: unknown) => {
    if (typeof value === 'string') found.push(value, ...partsOf(value));
    else if (JSON.isRawJSON(value)) found.push(value.rawJSON);
    else if (typeof value === 'number') found.push(String(value));
    else if (typeof value === 'object' && value !== null) for (const one of Object.values(value)) look(one);
  };
  const isBody = typeof sent === 'object' && sent !== null;
  if (isBody && 'to' in sent) look(sent.to);
  if (isBody && 'from' in sent) look(sent.from);
  const own = distinct(found.splice(0));
  look(sent);
  // The body's own names are ours and may stand in any sentence; those of the parameters are the caller's.
  if (isBody && 'parameters' in sent) found.push(...namesIn(sent.parameters));
  return [...own, ...distinct(found)].slice(0, MAX_TEXTS).sort(longestFirst);
}

/** Returns an address without its channel, and its user and its host. */
function partsOf(text: string): string[] {
  const [, user = '', host = ''] = USER_AND_HOST.exec(text) ?? [];
  const [, sip = ''] = SIP_USER_OR_HOST.exec(text) ?? [];
  return [text.slice(text.indexOf(':') + 1), user, host, sip];
}

function distinct(texts: readonly string[]): string[] {
  return [...new Set(texts)]
    .filter(({ length }) => length >= MIN_TEXT_CHARACTERS && length <= MAX_READ_CHARACTERS)
    .sort(longestFirst);
}

function longestFirst(one: string, other: string): number {
  return other.length - one.length;
}

function namesIn(value: unknown): string[] {
  if (typeof value !== 'object' || value === null || JSON.isRawJSON(value)) return [];
  const names = Array.isArray(value) ? [] : Object.keys(value);
  return [...names, ...Object.values(value).flatMap(namesIn)];
}
