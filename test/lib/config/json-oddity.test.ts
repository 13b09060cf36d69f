import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { oddityIn } from '../../../lib/config/json-oddity.ts';

describe('the oddities of a JSON text', () => {
  test('are none in what JSON.stringify writes, however it is indented', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom('', '\t', '  '), (value, indent) => {
        expect(oddityIn(JSON.stringify(value, null, indent))).toBeUndefined();
      }),
    );
  });

  test('are a name twice, wherever and however it is written', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.string(), fc.constantFrom('', ' \n'), (value, name, space) => {
        const escaped = [...JSON.stringify(name).slice(1, -1)];
        const spelled = name === '' ? '' : `\\u${name.charCodeAt(0).toString(16).padStart(4, '0')}`;
        const other = JSON.stringify(name.slice(1)).slice(1, -1);
        const one = `"${escaped.join('')}"${space}:${JSON.stringify(value)}`;
        const twice = `[${JSON.stringify(value)},{${one},"${spelled}${other}":{}}]`;
        expect(oddityIn(twice)).toBe('repeated-name');
      }),
    );
  });

  test('are more levels than are allowed, and no more are looked at', () => {
    const nested = (depth: number) => `${'{"a":['.repeat(depth / 2)}1${']}'.repeat(depth / 2)}`;
    expect(oddityIn(nested(32), 32)).toBeUndefined();
    expect(oddityIn(nested(34), 32)).toBe('too-deep');
    expect(oddityIn(nested(200_000), 32)).toBe('too-deep');
  });
});
