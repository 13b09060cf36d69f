import { Problem } from '../problems.ts';

/** Parses a form or a query string. Throws 400 for bytes that are not UTF-8: they would turn into U+FFFD. */
export function parametersIn(text: string, what: 'form' | 'query string'): URLSearchParams {
  try {
    for (const [bytes] of text.matchAll(/(?:%[89a-f][\da-f])+/gi)) decodeURIComponent(bytes);
  } catch (cause) {
    throw new Problem('malformed-request', `The ${what} is not UTF-8.`, { cause });
  }
  return new URLSearchParams(text);
}
