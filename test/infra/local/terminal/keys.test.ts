import { PassThrough } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { canReadKeys, readKeys } from '../../../../infra/local/terminal/keys.ts';

describe('keys', () => {
  test('are read from a terminal in the foreground only', () => {
    expect(canReadKeys({ isTTY: true }, () => true)).toBe(true);
    expect(canReadKeys({ isTTY: true }, () => false)).toBe(false);
    expect(canReadKeys({}, () => true)).toBe(false);
  });

  test('do what they stand for, and Ctrl-C and Ctrl-D stop', async () => {
    const pressed: string[] = [];
    const stdin = Object.assign(new PassThrough(), { setRawMode: () => stdin });
    readKeys(stdin, { s: () => pressed.push('s') }, () => pressed.push('stop'));
    for (const key of ['s', 'x', '\u0003', '\u0004']) {
      stdin.write(key);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(pressed).toEqual(['s', 'stop', 'stop']);
  });
});
