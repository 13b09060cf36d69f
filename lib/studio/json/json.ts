/** A number as it was written. `JSON.stringify` writes it digit for digit; arithmetic needs `plainNumber`. */
type RawNumber = { readonly rawJSON: string };

declare global {
  /** ES2026, which TypeScript's library does not describe yet. */
  interface JSON {
    rawJSON(text: string): RawNumber;
    isRawJSON(value: unknown): value is RawNumber;
    parse(
      text: string,
      reviver: (name: string, value: unknown, context: { source?: string }) => unknown,
    ): unknown;
  }
}

/**
 * Finds a number that JavaScript may write differently: -0, 16 digits, six zeros after the point, an
 * exponent, or a fraction that ends in 0. Only such texts are read with a reviver, which takes 3 to 15 times
 * as long.
 */
const UNUSUAL_NUMBER = /(?:^|[[:,])\s*(?:-0(?!\.)|-?(?:[\d.]{16}|0\.0{6}|\d+(?:\.\d+)?[eE]|\d+\.\d*0(?!\d)))/;

/**
 * Parses JSON without changing its numbers: one that JavaScript would write differently becomes a RawNumber.
 * Throws a SyntaxError, or a RangeError if such a number is nested some thousand levels deep.
 */
export function parseJson(text: string): unknown {
  if (!UNUSUAL_NUMBER.test(text)) return JSON.parse(text);
  return JSON.parse(text, (_name, value, { source }) =>
    typeof value === 'number' && source !== undefined && source !== String(value)
      ? JSON.rawJSON(source)
      : value,
  );
}

/**
 * Far deeper than Studio nests. A reviver runs out of stack at about 2,300 levels, `JSON.stringify` at 4,400.
 */
const MAX_DEPTH = 1_000;

/** Parses JSON whose shape is not known, like parseJson. Throws a RangeError beyond MAX_DEPTH levels. */
export function parseFreeForm(json: string): unknown {
  checkDepth(json);
  return parseJson(json);
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
/** Without this bit, `{` and `}` are `[` and `]`. */
const CURLY = 0x20;
const OPENING = 0x5b;
const CLOSING = 0x5d;

/** Throws a RangeError beyond MAX_DEPTH levels. Does not recurse; `json` need not be valid. */
export function checkDepth(json: string): void {
  let depth = 0;
  let isText = false;
  for (let at = 0; at < json.length; at += 1) {
    const code = json.charCodeAt(at);
    if (code === QUOTE) isText = !isText;
    else if (isText) at += code === BACKSLASH ? 1 : 0;
    else if ((code & ~CURLY) === OPENING) depth += 1;
    else if ((code & ~CURLY) === CLOSING) depth -= 1;
    if (depth > MAX_DEPTH) throw new RangeError('The JSON is nested too deeply');
  }
}

/** Reads a RawNumber as a double, which may lose digits; any other value stays as it is. */
export function plainNumber(value: unknown): unknown {
  return JSON.isRawJSON(value) ? Number(value.rawJSON) : value;
}
