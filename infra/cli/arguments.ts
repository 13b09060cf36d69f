import { Command, Option } from 'commander';
import { isPurgeId } from '../../lib/purge/record/purge-id.ts';
import { NO_STAGE_NAME, STAGE_NAME } from '../stage.ts';

/** One option of a tool, under the camel-cased name of its long flag. */
type OptionSpec = {
  /** In commander's notation, e.g. `-c, --context <stage>`. */
  flags: string;
  help: string;
  multiple?: true;
  /** Returns the mistake in a value, or null. */
  check?: (value: string) => string | null;
};
export type Options = Record<string, OptionSpec>;

/** What `--help` shows. */
export type Usage = {
  name: string;
  /** Follows `npm run <name> --`. */
  usage: string;
  about: string;
  options: Options;
  /** Below the options. */
  notes: string;
};

type ValueOf<O extends OptionSpec> = O extends { multiple: true }
  ? string[]
  : O extends { flags: `${string}<${string}` }
    ? string | undefined
    : boolean;

export type Arguments<O extends Options> = {
  values: { [K in keyof O]: ValueOf<O[K]> };
  words: string[];
};

/** Wrong usage of a tool, with every mistake. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
  readonly mistakes: readonly string[];

  constructor(mistakes: readonly string[]) {
    super(mistakes.join('; '));
    this.mistakes = mistakes;
  }
}

/**
 * Returns a commander command with these options that collects mistakes. Commander itself exits at the first
 * one.
 */
export function createCommand(options: Options, mistakes: string[] = []): Command {
  const command = new Command()
    .helpOption('-h, --help', 'show this')
    // Omits commander's remark on the preset value.
    .configureHelp({ optionDescription: ({ description }) => description });
  for (const { flags, help, multiple, check } of Object.values(options)) {
    const option = new Option(flags, help);
    if (option.required) {
      // Reads a missing value as '', since commander would exit.
      Object.assign(option, { required: false, optional: true });
      option.preset('').argParser((value, before: string[] = []) => {
        const isAgain = before.length > 0 && !multiple;
        const wrong = value === '' ? 'needs a value' : isAgain ? 'is given more than once' : check?.(value);
        if (wrong) mistakes.push(`${option.short ?? option.long} ${wrong}`);
        return [...before, value];
      });
    }
    command.addOption(option);
  }
  return command;
}

/**
 * Reads the arguments and throws a UsageError with every mistake. `most` is the maximum number of words
 * without a dash. `also` checks the values together and returns further mistakes.
 */
export function readArguments<const O extends Options>(
  argv: readonly string[],
  options: O,
  words: { most: number; also?: (read: Arguments<O>) => readonly (string | null)[] } = { most: 0 },
): Arguments<O> {
  const mistakes: string[] = [];
  const command = createCommand(options, mistakes);
  const { operands, unknown } = command.parseOptions([...argv]);
  // A word after an unknown option is probably its value, and not reported as a second mistake.
  for (const word of unknown) if (word.startsWith('-')) mistakes.push(mistakeInOption(word, command));
  for (const word of operands.slice(words.most)) mistakes.push(`${word} is one word too many`);

  const values = Object.fromEntries(
    Object.entries(options).map(([key, { flags, multiple }]) => {
      const given: unknown = command.getOptionValue(key);
      if (!flags.includes('<')) return [key, given === true];
      const all = Array.isArray(given) ? given : [];
      return [key, multiple ? all : all[0]];
    }),
  );
  const read = { values, words: operands } as Arguments<O>;
  mistakes.push(...(words.also?.(read) ?? []).filter((mistake) => mistake !== null));
  if (mistakes.length > 0) throw new UsageError([...new Set(mistakes)]);
  return read;
}

/** Names only the option, because the text after `=` may be a secret. */
function mistakeInOption(word: string, command: Command): string {
  const [name = ''] = word.split('=');
  if (command.options.some(({ short, long }) => name === short || name === long))
    return `${name} takes no value`;
  return /^--?(token|secret|password|api-?key)/i.test(name)
    ? `${name}: nothing secret is taken from the command line, where others can read it`
    : `${name} is not known`;
}

/** Returns a check that accepts only these values. */
export function oneOf(...choices: readonly string[]): (value: string) => string | null {
  const listed = `${choices.slice(0, -1).join(', ')} or ${choices.at(-1)}`;
  return (value) => (choices.includes(value) ? null : `must be ${listed}`);
}

/** A check for an option that takes the id of a purge. */
export function mistakeInPurgeId(value: string): string | null {
  return isPurgeId(value) ? null : 'must be the id of a purge: pu and 26 letters and digits';
}

export const stageOption = {
  flags: '--stage <name>',
  help: 'the stage of infra/config.ts whose stack is meant',
  check: (value) => (STAGE_NAME.test(value) ? null : NO_STAGE_NAME),
} as const satisfies OptionSpec;

export const urlOption = {
  flags: '--url <url>',
  help: 'the API; else STUDIO_API_URL, else http://127.0.0.1:3000',
} as const satisfies OptionSpec;
