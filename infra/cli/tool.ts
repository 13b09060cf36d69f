import { UsageError } from './args.ts';
import { type Io, processIo } from './io.ts';

/** 0: done; 1: it did not work; 2: it was asked wrongly, and nothing happened. */
export type ExitCode = 0 | 1 | 2;

export type Tool = {
  name: string;
  /** What `--help` prints. */
  help: string;
  run(argv: readonly string[], io: Io): Promise<ExitCode>;
};

/** It did not work, for a reason that can be told in some lines; anything else is a bug and shows its stack. */
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
    for (const line of lines) io.err.write(`${line}\n`);
  };
  if (argv.includes('--help') || argv.includes('-h')) {
    io.out.write(`${tool.help.trim()}\n`);
    return 0;
  }
  try {
    return await tool.run(argv, io);
  } catch (error) {
    if (error instanceof UsageError) {
      const more = `npm run ${tool.name} -- --help shows how it is used.`;
      complain([...error.mistakes.map((mistake) => `  ${mistake}`), `  ${more}`]);
      return 2;
    }
    if (!(error instanceof Failed)) throw error;
    complain(error.lines.map((line) => `  ${line}`));
    return 1;
  }
}

/** Runs the tool on this process's own arguments and terminal. */
export async function main(tool: Tool): Promise<void> {
  process.exitCode = await runTool(tool, process.argv.slice(2), processIo());
  // An input that nobody ends must not keep the process.
  process.stdin.unref?.();
}
