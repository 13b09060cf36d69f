import { oddityIn } from '../../config/json-oddity.ts';
import { type Mistake, pointerTo, repeatedMember } from '../../config/validation.ts';
import { restorePlus } from '../../studio/addresses.ts';
import { parseJson } from '../../studio/json/json.ts';
import { fieldsOf } from '../../studio/json/parse.ts';
import { Problem } from '../problems.ts';

export const MAX_BODY_BYTES = 256 * 1_024;
/** Deeper than any flow's parameters, and shallow enough for recursive code. */
const MAX_DEPTH = 32;

/** The members of a form, as Twilio writes them, and ours. */
const FORM_MEMBERS: ReadonlyMap<string, string> = new Map([
  ['To', 'to'],
  ['From', 'from'],
  ['Parameters', 'parameters'],
  ['OnConflict', 'onConflict'],
]);

/** Matches the beginning of an object or a list, also percent-encoded. */
const JSON_BEGINNING = /^\s*(?:[[{]|%[57]b)/i;

/** What was read, and mistakes that no schema finds. */
export type Fields = { value: unknown; mistakes: Mistake[] };

/** Throws 413 for a body above the bound. */
export function requireBounded(body: Buffer): void {
  if (body.length > MAX_BODY_BYTES)
    throw new Problem('payload-too-large', `A body has at most ${MAX_BODY_BYTES} bytes.`);
}

/** Reads JSON, or a form where the route takes one. Throws a Problem for what cannot be read at all. */
export function readBody(body: Buffer, contentType: string | undefined, formAllowed: boolean): Fields {
  const form = formAllowed && isForm(contentType);
  const taken = formAllowed ? 'application/json or application/x-www-form-urlencoded' : 'application/json';
  const unsupported = (detail: string) =>
    new Problem('unsupported-media-type', detail, { headers: { accept: taken } });
  if (!form && !isJson(contentType)) throw unsupported(`Content-Type must be ${taken}.`);
  if (hasOtherCharset(contentType)) throw new Problem('unsupported-media-type', 'Text is UTF-8 here.');
  const text = decode(body);
  if (form && JSON_BEGINNING.test(text))
    throw unsupported('The body looks like JSON, but Content-Type says form: it must be application/json.');
  if (form) return readForm(text);
  if (text.trim() === '') throw new Problem('malformed-request', 'The body is empty; it must be JSON.');
  const read = readJson(text);
  if (read) return read;
  if (contentType?.trim() || JSON_BEGINNING.test(text))
    throw new Problem(
      'malformed-request',
      'The body is not valid JSON, although Content-Type says so or is missing.',
    );
  throw unsupported(`The body is not JSON, and Content-Type is missing: it must be ${taken}.`);
}

function decode(body: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(body);
  } catch (cause) {
    throw new Problem('malformed-request', 'The body is not UTF-8.', { cause });
  }
}

/** Returns undefined for text that is not JSON. */
function readJson(text: string): Fields | undefined {
  const value = parsed(text);
  if (value === undefined) return undefined;
  const mistakes = mistakesIn(text, value, '#');
  const fields = fieldsOf(value);
  // Reads the parameters, which go on to Studio, with their numbers as written. `parseJson` recurses, so deep
  // text must have been refused before.
  if (mistakes.length === 0 && fields && Object.hasOwn(fields, 'parameters'))
    fields['parameters'] = fieldsOf(parseJson(text))?.['parameters'];
  return { value, mistakes };
}

function readForm(text: string): Fields {
  const pairs = [...parametersIn(text, 'form')].map(([name, entry]): [string, unknown] => {
    const member = FORM_MEMBERS.get(name) ?? name;
    return [member, formValue(member, entry)];
  });
  const { value, mistakes } = fieldsFrom(pairs);
  const { parameters: json } = value;
  if (typeof json !== 'string') return { value, mistakes };
  const pointer = '#/parameters';
  const parameters = parsed(json);
  const inside =
    parameters === undefined ? [{ detail: 'is not JSON', pointer }] : mistakesIn(json, parameters, pointer);
  value['parameters'] = inside.length === 0 ? parseJson(json) : parameters;
  return { value, mistakes: [...mistakes, ...inside] };
}

/** Refuses a repeated member, because it is unclear which value was meant. */
export function fieldsFrom(pairs: readonly [string, unknown][]) {
  const found = new Map<string, unknown>();
  const mistakes: Mistake[] = [];
  for (const [name, entry] of pairs) {
    if (found.has(name)) mistakes.push(repeatedMember('#', name));
    found.set(name, entry);
  }
  return { value: Object.fromEntries(found), mistakes };
}

/** Returns null, which means absent, for an empty field; not for `To`, which is required. */
function formValue(member: string, text: string): string | null {
  if (text === '' && member !== 'to') return null;
  return member === 'to' || member === 'from' ? restorePlus(text) : text;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * Finds the mistakes that no schema checks in `value`, as parsed from `json`. Throws 400 for a repeated name.
 */
function mistakesIn(json: string, value: unknown, pointer: string): Mistake[] {
  const oddity = oddityIn(json, MAX_DEPTH);
  if (oddity === 'repeated-name')
    throw new Problem('malformed-request', 'An object in the body has the same name twice; give it once.');
  if (oddity) return [{ detail: `is nested deeper than ${MAX_DEPTH} levels`, pointer }];
  return [...mistakesInside(value, pointer)];
}

/**
 * Finds `__proto__` as a name, and text that is not well-formed and could not be encoded for Studio.
 * `isNamed`: whether `pointer` leads to `value` itself and not to a parent.
 */
function* mistakesInside(value: unknown, pointer: string, isNamed = true): Generator<Mistake> {
  if (typeof value === 'string' && !value.isWellFormed())
    yield { detail: 'has half a surrogate pair', pointer };
  if (typeof value !== 'object' || value === null || JSON.isRawJSON(value)) return;
  for (const [name, member] of Object.entries(value)) {
    const key = Array.isArray(value) ? Number(name) : name;
    const longer = isNamed ? pointerTo(pointer, key) : undefined;
    if (name === '__proto__' || !name.isWellFormed())
      yield { detail: 'has a member whose name is not taken', pointer };
    else yield* mistakesInside(member, longer ?? pointer, longer !== undefined);
  }
}

/** `type/subtype` in lower case, without its parameters. */
function mediaTypeOf(contentType: string | undefined): string {
  return contentType?.split(';')[0]?.trim().toLowerCase() ?? '';
}

export function isForm(contentType: string | undefined): boolean {
  return mediaTypeOf(contentType) === 'application/x-www-form-urlencoded';
}

/** No media type at all is taken for JSON: some webhook senders leave it out. */
function isJson(contentType: string | undefined): boolean {
  return /^(|application\/(json|[\w.+-]+\+json))$/.test(mediaTypeOf(contentType));
}

/** Text is UTF-8 here; another charset is not guessed at. */
function hasOtherCharset(contentType: string | undefined): boolean {
  const charset = /;\s*charset\s*=\s*"?([^";\s]+)/i.exec(contentType ?? '')?.[1];
  return charset !== undefined && !/^(utf-?8|us-ascii)$/i.test(charset);
}

/** Parses a form or a query string. Throws 400 for bytes that are not UTF-8: they would turn into U+FFFD. */
export function parametersIn(text: string, what: 'form' | 'query string'): URLSearchParams {
  try {
    for (const [bytes] of text.matchAll(/(?:%[89a-f][\da-f])+/gi)) decodeURIComponent(bytes);
  } catch (cause) {
    throw new Problem('malformed-request', `The ${what} is not UTF-8.`, { cause });
  }
  return new URLSearchParams(text);
}
