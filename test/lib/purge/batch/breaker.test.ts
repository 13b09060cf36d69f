import { expect, test } from 'vitest';
import { failingOf } from '../../../../lib/purge/batch/act.ts';
import { Breaker } from '../../../../lib/purge/batch/breaker.ts';
import { BREAKER_FAILURES, BREAKER_REFUSALS } from '../../../../lib/purge/engine/limits.ts';
import type { StudioErrorKind } from '../../../../lib/studio/errors.ts';
import { failure } from '../../../support/purge/upstream.ts';

test.each<[StudioErrorKind, number, boolean]>([
  ['unavailable', BREAKER_FAILURES, false],
  ['refused-credentials', BREAKER_FAILURES, true],
  ['rejected', BREAKER_REFUSALS, true],
])('it is given up for %s after %i in a row (nobody waits that out: %s)', (kind, most, refused) => {
  const breaker = new Breaker();
  // Whatever the reason is called.
  const failing = { ...failingOf('delete', failure(kind, 400, 1)), reason: 'refused-credentials' };
  for (let count = 1; count < most; count++) expect(breaker.failed(failing)).toBeNull();
  expect(breaker.failed(failing)).toEqual({ reason: 'refused-credentials', refused });
});

test('one success is enough to begin anew', () => {
  const breaker = new Breaker();
  const failing = failingOf('delete', failure('unavailable', 503, 20503));
  for (let count = 1; count < BREAKER_FAILURES; count++) breaker.failed(failing);
  breaker.reset();
  expect(breaker.failed(failing)).toBeNull();
});
