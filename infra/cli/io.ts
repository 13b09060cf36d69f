import { once } from 'node:events';
import { createInterface, type Key } from 'node:readline';
import type { Writable } from 'node:stream';
import { setTimeout as wait } from 'node:timers/promises';
import type { ReadStream, WriteStream } from 'node:tty';
import { styleText } from 'node:util';
import { UsageError } from './arguments.ts';

/** What a tool touches outside itself; tests hand in another one. */
export type Io = {
  env: Record<string, string | undefined>;
  out: Output;
  err: Output;
  /** Whether there is a terminal to ask on. */
  interactive: boolean;
  ask: Ask;
  /** Calls `listener` at Ctrl-C and SIGTERM instead of ending the process, until the returned function is called. */
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

/** Writes, and waits while the reader is slower. */
export async function print({ out }: Pick<Io, 'out'>, text: string): Promise<void> {
  if (!out.write(text)) await once(out, 'drain');
}

/** Returns true for a clear yes only. */
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
  // Read as a key: for a signal, npm would end too, and pass it on to this process a second time.
  if (input.isTTY) input.setRawMode(true).on('data', onKey).resume();
  return () => {
    for (const signal of SIGNALS) process.off(signal, listener);
    if (input.isTTY) input.off('data', onKey).setRawMode(false).pause();
  };
}

/** Asks one question. null: Ctrl-C, Ctrl-D, Escape, or no more input. */
export type Ask = (question: string, options?: { hidden?: boolean }) => Promise<string | null>;

/** Asks at a terminal; where `input` is none, takes its next line as the answer. */
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

/** Makes a newline end an answer as Enter does: clack takes a carriage return only, and scripts send newlines. */
function asReturn(_text: string | undefined, key: Key): void {
  if (key.name === 'enter') key.name = 'return';
}
