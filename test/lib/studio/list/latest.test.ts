import { expect, test } from 'vitest';
import { Latest } from '../../../../lib/studio/list/latest.ts';

test('the latest names are known, as many as it is told and no more', () => {
  const latest = new Latest(3);
  const known = () => ['a', 'b', 'c', 'd', 'e', 'f', 'g'].filter((name) => latest.has(name)).join('');
  for (const [name, all] of [
    ['a', 'a'],
    ['b', 'ab'],
    ['b', 'ab'],
    ['c', 'abc'],
    ['d', 'bcd'],
    ['b', 'bcd'],
    ['e', 'cde'],
    ['f', 'def'],
    ['a', 'aef'],
    ['g', 'afg'],
  ] as const) {
    latest.add(name);
    expect(known()).toBe(all);
  }
});
