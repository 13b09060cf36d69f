import { expect, test } from 'vitest';
import { RecentSet } from '../../../../lib/studio/list/recent-set.ts';

test('the latest names are known, as many as it is told and no more', () => {
  const recent = new RecentSet(3);
  const known = () => ['a', 'b', 'c', 'd', 'e', 'f', 'g'].filter((name) => recent.has(name)).join('');
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
    const isNew = !recent.has(name);
    expect(recent.add(name)).toBe(isNew);
    expect(known()).toBe(all);
  }
});

test('the last 2,000 names are known, however many there were', () => {
  const recent = new RecentSet(2_000);
  for (let at = 0; at < 100_000; at += 1) expect(recent.add(`${at}`)).toBe(true);
  expect([recent.has('98000'), recent.has('97999')]).toEqual([true, false]);
});
