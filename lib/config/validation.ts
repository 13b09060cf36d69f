import * as v from 'valibot';

/** One mistake: what is wrong, and a JSON Pointer to where (RFC 6901, with `#` for the whole document). */
export type Mistake = { detail: string; pointer: string };

/** A value, or every mistake that was found in it. */
export type Validated<T> = { ok: true; value: T } | { ok: false; mistakes: Mistake[] };

/** Checks `input` against `schema` and lists every mistake at once. */
export function validate<S extends v.GenericSchema>(schema: S, input: unknown): Validated<v.InferOutput<S>> {
  const result = v.safeParse(schema, input);
  if (result.success) return { ok: true, value: result.output };
  return { ok: false, mistakes: result.issues.map(mistakeOf) };
}

function mistakeOf(issue: v.BaseIssue<unknown>): Mistake {
  let pointer = '#';
  for (const { key } of issue.path ?? []) {
    const longer = pointerTo(pointer, key);
    if (longer === undefined)
      return { detail: isUnknownMember(issue) ? HAS_UNKNOWN_MEMBER : detailOf(issue), pointer };
    pointer = longer;
  }
  return { detail: detailOf(issue), pointer };
}

/** Never repeats the value that was received: it may be personal, or a secret. */
function detailOf(issue: v.BaseIssue<unknown>): string {
  if (isUnknownMember(issue)) return IS_UNKNOWN_MEMBER;
  if (issue.kind === 'schema' && issue.input === undefined) return 'is missing';
  if (issue.kind === 'schema') return `must be ${inWords(issue.expected ?? 'something else')}`;
  return issue.message;
}

const WORDS: Record<string, string> = {
  string: 'a string',
  number: 'a number',
  boolean: 'true or false',
  Object: 'an object',
  Array: 'an array',
};

/** `("ended" | "active" | "any")` reads `"ended", "active" or "any"`. */
function inWords(expected: string): string {
  const options = expected.replace(/^\((.*)\)$/, '$1').split(' | ');
  const words = options.map((option) => WORDS[option] ?? option);
  const last = words.pop() ?? '';
  return words.length === 0 ? last : `${words.join(', ')} or ${last}`;
}

const IS_UNKNOWN_MEMBER = 'is not a known member';
const HAS_UNKNOWN_MEMBER = 'has a member that is not known';

function isUnknownMember(issue: v.BaseIssue<unknown>): boolean {
  return issue.type === 'strict_object' && issue.expected === 'never';
}

export function unknownMember(holder: string, name: string): Mistake {
  return memberMistake(holder, name, IS_UNKNOWN_MEMBER, HAS_UNKNOWN_MEMBER);
}

export function repeatedMember(holder: string, name: string): Mistake {
  return memberMistake(holder, name, 'is given twice', 'has a member twice');
}

/** `detail` is about the member, `ofHolder` about its holder where the member must not be named. */
function memberMistake(holder: string, name: string, detail: string, ofHolder: string): Mistake {
  const pointer = pointerTo(holder, name);
  return pointer === undefined ? { detail: ofHolder, pointer: holder } : { detail, pointer };
}

/** At most 64 letters, digits and `_.-`, at most six of them digits. Needs no escaping in a pointer. */
const NAME = /^(?!(?:\D*\d){7})[A-Za-z_][\w.-]{0,63}$/;

/**
 * Returns the pointer to a member or an index of `holder`. Undefined for a name that does not look like one:
 * senders put phone numbers, addresses and whole texts there by mistake, and they must not be repeated.
 */
export function pointerTo(holder: string, key: unknown): string | undefined {
  return typeof key === 'number' || NAME.test(String(key)) ? `${holder}/${key}` : undefined;
}

export function withoutByteOrderMark(text: string): string {
  return text.replace(/^\ufeff/, '');
}
