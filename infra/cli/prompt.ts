import { createInterface, type Key } from 'node:readline';
import type { ReadStream, WriteStream } from 'node:tty';
import { UsageError } from './arguments.ts';

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
