import { Writable } from 'node:stream';
import type { Io } from '../../../infra/cli/io.ts';
import { runTool, type Tool } from '../../../infra/cli/tool.ts';

/** A user at a terminal: keeps what is printed, and answers questions from a list. */
export type Somebody = Io & {
  /** All that was written so far, escapes and redrawn lines included. */
  said(): string;
  complained(): string;
  asked: { question: string; hidden: boolean }[];
  interrupt(): void;
  /** The number of listeners to Ctrl-C. */
  listening(): number;
  run(tool: Tool, ...argv: string[]): Promise<number>;
};

export function somebody(
  options: {
    interactive?: boolean;
    isTTY?: boolean;
    columns?: number;
    env?: Record<string, string>;
    answers?: (string | null)[];
    now?: () => number;
    /** The longest a tool really sleeps. */
    napMs?: number;
  } = {},
): Somebody {
  const { interactive = true, isTTY = interactive, columns = 80, env = {}, napMs = 10 } = options;
  const answers = [...(options.answers ?? [])];
  const written = { out: '', err: '' };
  const listeners = new Set<() => void>();
  const output = (name: 'out' | 'err') =>
    Object.assign(
      new Writable({
        write(chunk, _encoding, done) {
          written[name] += chunk;
          done();
        },
      }),
      { isTTY, columns },
    );
  const io: Somebody = {
    env,
    interactive,
    out: output('out'),
    err: output('err'),
    asked: [],
    async ask(question, { hidden = false } = {}) {
      io.asked.push({ question, hidden });
      io.out.write(`${question}\n`);
      return answers.shift() ?? null;
    },
    onInterrupt(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    interrupt: () => {
      for (const listener of listeners) listener();
    },
    listening: () => listeners.size,
    now: options.now ?? Date.now,
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        const timer = setTimeout(resolve, Math.min(ms, napMs));
        signal?.addEventListener('abort', () => {
          clearTimeout(timer);
          resolve();
        });
      }),
    said: () => written.out,
    complained: () => written.err,
    run: (tool, ...argv) => runTool(tool, argv, io),
  };
  return io;
}
