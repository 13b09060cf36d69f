import { describe, expect, it } from 'vitest';
import { type Options, oneOf, readArguments, UsageError } from '../../../infra/cli/arguments.ts';

const options = {
  name: { flags: '--name <name>', help: 'a name' },
  flow: { flags: '--flow <alias>', help: 'a flow', multiple: true },
  colour: { flags: '--colour <colour>', help: 'a colour', check: oneOf('red', 'green', 'blue') },
  yes: { flags: '--yes', help: 'do not ask' },
} as const satisfies Options;

const read = (...argv: string[]) => readArguments(argv, options);
function mistakes(...argv: string[]): readonly string[] {
  try {
    read(...argv);
  } catch (error) {
    if (error instanceof UsageError) return error.mistakes;
    throw error;
  }
  return [];
}

describe('arguments', () => {
  it('are read with their types, in either spelling', () => {
    expect(read('--name=a', '--flow', 'x', '--flow', 'y', '--yes').values).toEqual({
      name: 'a',
      flow: ['x', 'y'],
      colour: undefined,
      yes: true,
    });
    expect(read().values).toEqual({ name: undefined, flow: [], colour: undefined, yes: false });
  });

  it('are checked all at once', () => {
    expect(mistakes('word', '--nmae', 'a', '--colour', 'pink', '--yes=no', '--name')).toEqual([
      '--colour must be red, green or blue',
      '--name needs a value',
      '--nmae is not known',
      '--yes takes no value',
      'word is one word too many',
    ]);
  });

  it.each([
    [['--name', '--yes'], '--name needs a value'],
    [['--name='], '--name needs a value'],
    [['--name', 'a', '--name', 'b'], '--name is given more than once'],
    [['-y'], '-y is not known'],
    [['--no-yes'], '--no-yes is not known'],
    [['--constructor'], '--constructor is not known'],
  ])('%j is refused', (argv, mistake) => {
    expect(mistakes(...argv)).toContain(mistake);
  });

  it('that would hold a secret are refused without repeating it', () => {
    expect(mistakes('--api-key-secret=hunter2').join()).toMatch(/^--api-key-secret: nothing secret/);
    expect(mistakes('--password', 'hunter2').join()).not.toContain('hunter2');
  });

  it('take a value that begins with a dash after =', () => {
    expect(read('--name=-1').values.name).toBe('-1');
  });
});
