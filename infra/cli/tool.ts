import { createCommand, type Usage, UsageError } from './arguments.ts';
import type { Io } from './io.ts';

/** 0: success; 1: failure; 2: wrong usage, and nothing was done. */
export type ExitCode = 0 | 1 | 2;

export type Tool = Usage & { run(argv: readonly string[], io: Io): Promise<ExitCode> };

/** A failure that is explained to the user. Any other error is a bug, and is printed with its stack. */
export class Failed extends Error {
  override readonly name = 'Failed';
  readonly lines: readonly string[];

  constructor(lines: readonly string[], options?: ErrorOptions) {
    super(lines.join('\n'), options);
    this.lines = lines;
  }
}

export async function runTool(tool: Tool, argv: readonly string[], io: Io): Promise<ExitCode> {
  const complain = (lines: readonly string[]) => {
    for (const line of lines) io.err.write(`  ${line}\n`);
  };
  if (argv.includes('--help') || argv.includes('-h')) {
    printHelp(tool, io);
    return 0;
  }
  try {
    return await tool.run(argv, io);
  } catch (error) {
    if (error instanceof UsageError) {
      complain([...error.mistakes, `npm run ${tool.name} -- --help shows how it is used.`]);
      return 2;
    }
    if (!(error instanceof Failed)) throw error;
    complain(error.lines);
    return 1;
  }
}

function printHelp({ name, usage, about, options, notes }: Usage, io: Io): void {
  createCommand(options)
    .name(`npm run ${name} --`)
    .usage(usage)
    .description(about)
    .addHelpText('after', notes)
    .configureOutput({ writeOut: (text) => io.out.write(text) })
    .outputHelp();
}
