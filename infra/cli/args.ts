import { parseArgs } from 'node:util';

/** One option of a tool. `check` says what is wrong with a value, or null. */
export type Option = {
  type: 'string' | 'boolean';
  /** One letter. */
  short?: string;
  multiple?: boolean;
  check?: (value: string) => string | null;
};
export type Options = Record<string, Option>;

type ValueOf<O extends Option> = O extends { type: 'boolean' }
  ? boolean
  : O extends { multiple: true }
    ? string[]
    : string | undefined;

export type Arguments<O extends Options> = {
  values: { [K in keyof O]: ValueOf<O[K]> };
  positionals: string[];
};

/** Wrong use of a tool: every mistake, in words. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
  readonly mistakes: readonly string[];

  constructor(mistakes: readonly string[]) {
    super(mistakes.join('; '));
    this.mistakes = mistakes;
  }
}

/**
 * Reads the arguments as strictly as `parseArgs` does, but goes on after a mistake: unknown options, missing
 * and superfluous values, values that do not pass their check and superfluous words are told all at once.
 * `also` looks at the values together and names further mistakes.
 */
export function readArguments<const O extends Options>(
  argv: readonly string[],
  options: O,
  words: { most: number; also?: (read: Arguments<O>) => readonly (string | null)[] } = { most: 0 },
): Arguments<O> {
  // Not `strict`, which throws at the first mistake.
  const { tokens } = parseArgs({
    args: [...argv],
    options: Object.fromEntries(
      Object.entries(options).map(([name, { type, short }]) => [name, { type, ...(short && { short }) }]),
    ),
    strict: false,
    tokens: true,
    allowPositionals: true,
  });
  const given = new Map<string, string[]>();
  const mistakes: string[] = [];
  const positionals: string[] = [];
  let afterUnknown = false;
  for (const token of tokens) {
    if (token.kind === 'positional' && !afterUnknown) positionals.push(token.value);
    // A word behind an unknown option was meant as its value, and is no second mistake.
    afterUnknown = token.kind === 'option' && !Object.hasOwn(options, token.name);
    if (token.kind !== 'option') continue;
    const mistake = mistakeIn(token, options, given.has(token.name));
    if (mistake !== null) mistakes.push(mistake);
    given.set(token.name, [...(given.get(token.name) ?? []), token.value ?? '']);
  }
  for (const word of positionals.slice(words.most)) mistakes.push(`${word} is one word too many`);

  const values = Object.fromEntries(
    Object.entries(options).map(([name, option]) => [name, valueFor(option, given.get(name))]),
  );
  const read = { values, positionals } as Arguments<O>;
  mistakes.push(...(words.also?.(read) ?? []).filter((mistake) => mistake !== null));
  if (mistakes.length > 0) throw new UsageError([...new Set(mistakes)]);
  return read;
}

type OptionToken = {
  name: string;
  rawName: string;
  value?: string | undefined;
  inlineValue?: boolean | undefined;
};

function mistakeIn(token: OptionToken, options: Options, again: boolean): string | null {
  const { name, rawName, value, inlineValue } = token;
  const option = Object.hasOwn(options, name) ? options[name] : undefined;
  if (/^(token|secret|password|api-?key)/i.test(name) && !option)
    return `${rawName}: nothing secret is taken from the command line, where others can read it`;
  if (!option || (rawName !== `--${name}` && rawName !== `-${option.short}`))
    return `${rawName} is not known`;
  if (option.type === 'boolean') return value === undefined ? null : `${rawName} takes no value`;
  if (value === undefined || value === '' || (!inlineValue && value.startsWith('-')))
    return `${rawName} needs a value`;
  if (again && !option.multiple) return `${rawName} is given more than once`;
  const wrong = option.check?.(value) ?? null;
  return wrong === null ? null : `${rawName} ${wrong}`;
}

function valueFor(
  { type, multiple }: Option,
  given: string[] | undefined,
): boolean | string | string[] | undefined {
  if (type === 'boolean') return given !== undefined;
  return multiple ? (given ?? []) : given?.[0];
}

/** A check for `readArguments`: one of these. */
export function oneOf(...choices: readonly string[]): (value: string) => string | null {
  const listed = `${choices.slice(0, -1).join(', ')} or ${choices.at(-1)}`;
  return (value) => (choices.includes(value) ? null : `must be ${listed}`);
}
