/** Matches a bracket, or a string, with the colon after it if it is a member's name. */
const TOKENS = /"[^"\\]*(?:\\.[^"\\]*)*"(\s*:)?|[[\]{}]/g;

export type Oddity = 'repeated-name' | 'too-deep';

/**
 * Finds what JSON.parse does not report: a name twice in one object, and nesting deeper than `maxDepth`.
 * `json` must be text that JSON.parse accepts. Takes linear time and does not recurse.
 */
export function oddityIn(json: string, maxDepth = Number.POSITIVE_INFINITY): Oddity | undefined {
  const open: Set<string>[] = [];
  for (const [token, colon] of json.matchAll(TOKENS)) {
    if (token === '{' || token === '[') {
      if (open.push(new Set()) > maxDepth) return 'too-deep';
    } else if (token === '}' || token === ']') open.pop();
    else if (colon !== undefined) {
      const name: string = JSON.parse(token.slice(0, -colon.length));
      const names = open.at(-1);
      if (names?.has(name)) return 'repeated-name';
      names?.add(name);
    }
  }
  return undefined;
}
