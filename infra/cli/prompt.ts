import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import type { ReadStream, WriteStream } from 'node:tty';
import type { Io } from './io.ts';

/** Questions and Ctrl-C at a terminal, and lines from a pipe where there is none. */

const CTRL_C = '\u0003';
const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

export function createPrompt({
  input,
  output,
}: {
  input: ReadStream;
  output: WriteStream;
}): Pick<Io, 'ask' | 'onInterrupt'> {
  let piped: AsyncIterator<string> | undefined;

  return {
    async ask(question, { hidden = false } = {}) {
      if (input.isTTY) return askOnTerminal(input, output, question, hidden);
      piped ??= createInterface({ input })[Symbol.asyncIterator]();
      const { value, done } = await piped.next();
      return done ? null : value;
    },
    onInterrupt(listener) {
      const onKey = (key: Buffer) => {
        if (key.includes(CTRL_C)) listener();
      };
      for (const signal of SIGNALS) process.on(signal, listener);
      // Key by key: npm would get a signal too, and pass it on to this process a second time.
      if (input.isTTY) input.setRawMode(true).on('data', onKey).resume();
      return () => {
        for (const signal of SIGNALS) process.off(signal, listener);
        if (input.isTTY) input.off('data', onKey).setRawMode(false).pause();
      };
    },
  };
}

function askOnTerminal(
  input: ReadStream,
  output: WriteStream,
  question: string,
  hidden: boolean,
): Promise<string | null> {
  const { promise, resolve } = Promise.withResolvers<string | null>();
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  // With `terminal` the line is edited here and echoed to `output`; no terminal shows what goes nowhere.
  const line = createInterface({ input, output: hidden ? nowhere : output, terminal: true, historySize: 0 });
  if (hidden) output.write(question);
  const finish = (answer: string | null) => {
    resolve(answer);
    line.close();
    if (hidden || answer === null) output.write('\n');
  };
  line.question(hidden ? '' : question, finish);
  line.once('SIGINT', () => finish(null));
  // Ctrl-D.
  line.once('close', () => resolve(null));
  return promise;
}
