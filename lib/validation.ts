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
  const keys = issue.path?.map((item) => String(item.key)) ?? [];
  return { detail: detailOf(issue), pointer: ['#', ...keys.map(escapeSegment)].join('/') };
}

/** Never repeats the value that was received: it may be personal, or a secret. */
function detailOf(issue: v.BaseIssue<unknown>): string {
  if (issue.type === 'strict_object' && issue.expected === 'never') return 'is not a known member';
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

/** A name as a part of a pointer. */
export function escapeSegment(key: string): string {
  return key.replaceAll('~', '~0').replaceAll('/', '~1');
}
