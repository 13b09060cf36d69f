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

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_ARRAY = 0x5b;
const BACKSLASH = 0x5c;
const OPEN_OBJECT = 0x7b;
/** From an opening bracket to the closing one. */
const TO_CLOSING = 2;
const SPACES = new Set([0x20, 0x0a, 0x0d, 0x09]);
const LITERAL = /(?:-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)/y;

/**
 * Finds the values of the outermost members of this name, in their order. Checks all of the JSON without
 * building any of its values. Recurses for each level, so the depth must have been checked.
 */
function membersNamed(name: string, json: string): { start: number; end: number }[] {
  const found: { start: number; end: number }[] = [];
  let at = 0;
  const next = (): number => {
    while (SPACES.has(json.charCodeAt(at))) at += 1;
    return json.charCodeAt(at);
  };
  const take = (code: number) => {
    if (next() !== code) throw new SyntaxError('This is not JSON');
    at += 1;
  };
  /** Takes a string and returns it with its quotes. */
  const takeText = (): string => {
    take(QUOTE);
    const start = at - 1;
    let isPlain = true;
    for (let code = json.charCodeAt(at); code !== QUOTE; code = json.charCodeAt(at)) {
      if (Number.isNaN(code)) throw new SyntaxError('This is not JSON');
      if (code < 0x20 || code === BACKSLASH) isPlain = false;
      at += code === BACKSLASH ? 2 : 1;
    }
    at += 1;
    const text = json.slice(start, at);
    if (!isPlain) JSON.parse(text);
    return text;
  };
  const takeLiteral = () => {
    LITERAL.lastIndex = at;
    if (!LITERAL.test(json)) throw new SyntaxError('This is not JSON');
    at = LITERAL.lastIndex;
  };
  const takeMember = (isInside: boolean) => {
    const text = takeText();
    take(COLON);
    next();
    const start = at;
    const isWanted = !isInside && JSON.parse(text) === name;
    takeValue(isInside || isWanted);
    if (isWanted) found.push({ start, end: at });
  };
  const takeValue = (isInside: boolean) => {
    const code = next();
    if (code === QUOTE) return void takeText();
    if (code !== OPEN_ARRAY && code !== OPEN_OBJECT) return takeLiteral();
    const closing = code + TO_CLOSING;
    const takeOne = code === OPEN_OBJECT ? takeMember : takeValue;
    take(code);
    if (next() === closing) return take(closing);
    takeOne(isInside);
    while (next() === COMMA) {
      take(COMMA);
      takeOne(isInside);
    }
    take(closing);
  };
  takeValue(false);
  return found;
}
