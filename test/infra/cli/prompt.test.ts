import { PassThrough } from 'node:stream';
import type { ReadStream, WriteStream } from 'node:tty';
import { describe, expect, it, test } from 'vitest';
import { createPrompt, onInterrupt } from '../../../infra/cli/io.ts';

/** A keyboard and a screen; without `isTTY`, a pipe. */
function keyboard(isTTY: boolean, hasScreen = isTTY) {
  const raw: boolean[] = [];
  const input = Object.assign(new PassThrough(), {
    isTTY,
    setRawMode(on: boolean) {
      raw.push(on);
      return input;
    },
  });
  const output = Object.assign(new PassThrough(), { isTTY: hasScreen, columns: 80 });
  let screen = '';
  output.on('data', (chunk) => {
    screen += chunk;
  });
  const stdin = input as unknown as ReadStream;
  return {
    ask: createPrompt(stdin, output as unknown as WriteStream),
    onInterrupt: (listener: () => void) => onInterrupt(stdin, listener),
    raw,
    type: (keys: string) => input.write(keys),
    end: () => input.end(),
    screen: () => screen,
  };
}

describe('a question at a terminal', () => {
  it('is answered by a line, which is echoed', async () => {
    const { ask, type, screen } = keyboard(true);
    const answer = ask('Delete? ');
    type('yes\r');
    expect(await answer).toBe('yes');
    expect(screen()).toContain('Delete?');
    expect(screen()).toContain('yes');
  });

  it.each([false, true])('is answered by a newline too, as scripts send it (hidden: %j)', async (hidden) => {
    const { ask, type } = keyboard(true);
    const answer = ask('Delete? ', { hidden });
    type('yes\n');
    expect(await answer).toBe('yes');
  });

  it('shows nothing of what is typed when it is hidden, nor that something is', async () => {
    const { ask, type, screen, raw } = keyboard(true);
    const answer = ask('Secret: ', { hidden: true });
    for (const key of 'hunter3') type(key);
    type('\u007f2\r');
    expect(await answer).toBe('hunter2');
    const { ask: again, type: press, screen: other } = keyboard(true);
    const empty = again('Secret: ', { hidden: true });
    press('\r');
    expect(await empty).toBe('');
    expect(screen()).toBe(other());
    expect(raw.at(-1)).toBe(false);
  });

  it.each([
    ['Ctrl-C', '\u0003'],
    ['Ctrl-D', '\u0004'],
    ['Escape', '\u001b'],
  ])('is not answered by %s', async (_name, key) => {
    const { ask, type } = keyboard(true);
    const answer = ask('Secret: ', { hidden: true });
    type(key);
    expect(await answer).toBeNull();
  });

  it('can be followed by another one', async () => {
    const { ask, type } = keyboard(true);
    const first = ask('One: ');
    type('1\r');
    expect(await first).toBe('1');
    const second = ask('Two: ', { hidden: true });
    type('2\r');
    expect(await second).toBe('2');
  });
});

test('a question is refused where there is a keyboard and no screen', async () => {
  const { ask, screen } = keyboard(true, false);
  await expect(ask('Secret: ', { hidden: true })).rejects.toThrow('no terminal to show a question on');
  expect(screen()).toBe('');
});

describe('Ctrl-C', () => {
  it('is told to whoever listens, as a key and as a signal, until it is over', async () => {
    const { onInterrupt, type, raw } = keyboard(true);
    const before = process.listenerCount('SIGINT');
    let told = 0;
    const quiet = onInterrupt(() => {
      told += 1;
    });
    expect(process.listenerCount('SIGINT')).toBe(before + 1);
    type('x\u0003');
    await new Promise((resolve) => setImmediate(resolve));
    expect(told).toBe(1);
    quiet();
    type('\u0003');
    await new Promise((resolve) => setImmediate(resolve));
    expect(told).toBe(1);
    expect(raw).toEqual([true, false]);
    expect(process.listenerCount('SIGINT')).toBe(before);
  });
});

describe('answers from a pipe', () => {
  it('are its lines, one after the other, and none when it has ended', async () => {
    const { ask, type, end, screen } = keyboard(false);
    type('first\nsecond\n\nlast');
    end();
    expect(await ask('1')).toBe('first');
    expect(await ask('2', { hidden: true })).toBe('second');
    expect(await ask('3')).toBe('');
    expect(await ask('4')).toBe('last');
    expect(await ask('5')).toBeNull();
    expect(screen()).toBe('');
  });
});
