import { once } from 'node:events';
import { createInterface, type Key } from 'node:readline';
import type { Writable } from 'node:stream';
import { setTimeout as wait } from 'node:timers/promises';
import type { ReadStream, WriteStream } from 'node:tty';
import { styleText } from 'node:util';
import { UsageError } from './arguments.ts';

/** A tool's access to its environment. Tests replace it. */
export type Io = {
  env: Record<string, string | undefined>;
  out: Output;
  err: Output;
  /** Whether questions can be asked at a terminal. */
  interactive: boolean;
  ask: Ask;
  /** Calls `listener` at Ctrl-C and SIGTERM, instead of exiting, until the returned function is called. */
  onInterrupt(listener: () => void): () => void;
  now(): number;
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
};

type Output = Writable & { isTTY?: boolean; columns?: number };

export type Style = Parameters<typeof styleText>[0];

/** Styles `text` at a terminal, unless NO_COLOR is set (https://no-color.org). */
export function paint({ out, env }: Pick<Io, 'out' | 'env'>, style: Style, text: string): string {
  return out.isTTY && !env['NO_COLOR'] ? styleText(style, text, { validateStream: false }) : text;
}

export function say({ out }: Pick<Io, 'out'>, ...lines: string[]): void {
  for (const line of lines) out.write(`${line}\n`);
}

const CTRL_C = '\u0003';
const SIGNALS = ['SIGINT', 'SIGTERM'] as const;
const LABEL_WIDTH = 9;

/** Prints a fact behind its label. */
export function row(io: Pick<Io, 'out' | 'env'>, label: string, text: string): void {
  say(io, `  ${paint(io, 'dim', label.padEnd(LABEL_WIDTH))} ${text}`);
}

/** Writes to stdout with back-pressure. */
export async function print({ out }: Pick<Io, 'out'>, text: string): Promise<void> {
  if (!out.write(text)) await once(out, 'drain');
}

/** Returns true only for `y` or `yes`. */
export async function confirm(io: Pick<Io, 'ask' | 'out'>, question: string): Promise<boolean> {
  say(io, '');
  return isYes((await io.ask(`  ${question} [y/N] `)) ?? '');
}

export function isYes(answer: string): boolean {
  return /^y(es)?$/i.test(answer.trim());
}

/** Runs `work`; Ctrl-C and SIGTERM abort its signal instead of ending the process. */
export async function interruptible<T>(
  io: Pick<Io, 'onInterrupt'>,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const interrupted = new AbortController();
  const stopListening = io.onInterrupt(() => interrupted.abort());
  try {
    return await work(interrupted.signal);
  } finally {
    stopListening();
  }
}

export function processIo(): Io {
  const { env, stdin, stdout, stderr } = process;
  // A reader such as `head` may close the pipe early.
  stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit();
  });
  return {
    env,
    out: stdout,
    err: stderr,
    interactive: stdin.isTTY === true && stdout.isTTY === true,
    ask: createPrompt(stdin, stdout.isTTY ? stdout : stderr),
    onInterrupt: (listener) => onInterrupt(stdin, listener),
    now: () => Date.now(),
    sleep: (ms, signal) => wait(ms, undefined, signal ? { signal } : {}).catch(() => undefined),
  };
}

export function onInterrupt(input: ReadStream, listener: () => void): () => void {
  const onKey = (key: Buffer) => {
    if (key.includes(CTRL_C)) listener();
  };
  for (const signal of SIGNALS) process.on(signal, listener);
  // Raw mode reads Ctrl-C as a key. As a signal, it would end npm too, which would pass it on a second time.
  if (input.isTTY) input.setRawMode(true).on('data', onKey).resume();
  return () => {
    for (const signal of SIGNALS) process.off(signal, listener);
    if (input.isTTY) input.off('data', onKey).setRawMode(false).pause();
  };
}

/** Asks one question. null: Ctrl-C, Ctrl-D, Escape, or no more input. */
export type Ask = (question: string, options?: { hidden?: boolean }) => Promise<string | null>;

/** Asks at a terminal. If `input` is not a terminal, its next line is the answer. */
export function createPrompt(input: ReadStream, output: WriteStream): Ask {
  let piped: AsyncIterator<string> | undefined;
  return async (question, { hidden = false } = {}) => {
    if (input.isTTY && !output.isTTY) throw new UsageError(['there is no terminal to show a question on']);
    if (input.isTTY) return askOnTerminal({ input, output, message: question.trim() }, hidden);
    piped ??= createInterface({ input })[Symbol.asyncIterator]();
    const { value, done } = await piped.next();
    return done ? null : value;
  };
}

type Question = { input: ReadStream; output: WriteStream; message: string };

async function askOnTerminal(question: Question, hidden: boolean): Promise<string | null> {
  const { isCancel, password, text, updateSettings } = await import('@clack/prompts');
  // Without this alias, Ctrl-D closes the input, and clack never answers.
  updateSettings({ withGuide: false, aliases: { '\u0004': 'cancel' } });
  question.input.on('keypress', asReturn);
  const answer = await (hidden ? password({ ...question, mask: '' }) : text(question));
  question.input.off('keypress', asReturn);
  return isCancel(answer) ? null : answer;
}

/** Makes a newline, as scripts send it, end an answer: clack accepts only a carriage return. */
function asReturn(_text: string | undefined, key: Key): void {
  if (key.name === 'enter') key.name = 'return';
}
