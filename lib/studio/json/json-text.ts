import { checkDepth } from './json.ts';

/** A JSON value as Studio wrote it: valid, and without line breaks. */
export class JsonText {
  readonly json: string;
  constructor(json: string) {
    this.json = json;
  }
}

const CONTEXT = 'context';

/**
 * Parses JSON, but leaves each outermost member `context` as JsonText. Parsed, a dense one takes many times
 * its bytes in memory. Throws a SyntaxError or RangeError, as parseFreeForm does.
 */
export function parseAroundContexts(json: string): unknown {
  checkDepth(json);
  const contexts: JsonText[] = [];
  let rest = '';
  let from = 0;
  for (const { start, end } of membersNamed(CONTEXT, json)) {
    rest += json.slice(from, start) + contexts.length;
    contexts.push(new JsonText(json.slice(start, end).replaceAll(/[\r\n]/g, ' ')));
    from = end;
  }
  return JSON.parse(rest + json.slice(from), (name, value) =>
    name === CONTEXT && typeof value === 'number' ? contexts[value] : value,
  );
}

const IS_SPECIAL = /[\\\p{Cc}]/u;
const SPACES = new Set([0x20, 0x0a, 0x0d, 0x09]);
const LITERAL = /(?:-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)/y;

/**
 * Finds the values of the outermost members of this name, in their order. Checks all of the JSON without
 * building objects or arrays. Recurses for each level, so the depth must have been checked.
 */
function membersNamed(name: string, json: string): { start: number; end: number }[] {
  const found: { start: number; end: number }[] = [];
  let at = 0;
  const next = () => {
    while (SPACES.has(json.charCodeAt(at))) at += 1;
    return json[at];
  };
  const take = (character: string | undefined) => {
    if (next() !== character) throw new SyntaxError('This is not JSON');
    at += 1;
  };
  const takeText = (): unknown => {
    take('"');
    const start = at - 1;
    while (at < json.length && json[at] !== '"') at += json[at] === '\\' ? 2 : 1;
    at += 1;
    const text = json.slice(start, at);
    // JSON.parse also refuses control characters. Without them and escapes it is not needed, and it is slow.
    return IS_SPECIAL.test(text) || !text.endsWith('"') ? JSON.parse(text) : text.slice(1, -1);
  };
  const takeLiteral = () => {
    LITERAL.lastIndex = at;
    if (!LITERAL.test(json)) throw new SyntaxError('This is not JSON');
    at = LITERAL.lastIndex;
  };
  const takeMember = (isInside: boolean) => {
    const isWanted = takeText() === name && !isInside;
    take(':');
    next();
    const start = at;
    takeValue(isInside || isWanted);
    if (isWanted) found.push({ start, end: at });
  };
  const takeValue = (isInside: boolean) => {
    const opening = next();
    if (opening === '"') return void takeText();
    if (opening !== '[' && opening !== '{') return takeLiteral();
    const [closing, takeOne] = opening === '{' ? ['}', takeMember] : [']', takeValue];
    take(opening);
    if (next() !== closing) {
      takeOne(isInside);
      while (next() === ',') {
        take(',');
        takeOne(isInside);
      }
    }
    take(closing);
  };
  takeValue(false);
  return found;
}
