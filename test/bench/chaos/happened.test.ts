import { expect, test } from 'vitest';
import { missed, SURELY_MET } from './happened.ts';

const ALL = { kills: 3, workers: 5, chained: 2, refused: 4 };
const missing = (changes: Partial<typeof ALL>, executions = SURELY_MET) =>
  missed(executions, 3, { ...ALL, ...changes }).map(({ what, count }) => [what, count]);

test('a run that met all of its trouble misses nothing', () => {
  expect(missing({})).toEqual([]);
});

test.each([
  // Five workers that die at once are one kill.
  [{ kills: 1 }, ['kills that met no worker', 2]],
  [{ chained: 0 }, ['no run was chained', 1]],
  [{ refused: 0 }, ['no archive write was refused', 1]],
])('a run with %j proves less than it says', (changes, finding) => {
  expect(missing(changes)).toEqual([finding]);
});

test('a small run may be over before', () => {
  expect(missing({ kills: 0, workers: 0, chained: 0, refused: 0 }, SURELY_MET - 1)).toEqual([]);
});

test('a run without kills needs none', () => {
  expect(missed(SURELY_MET, 0, { ...ALL, kills: 0, workers: 0 })).toEqual([]);
});
