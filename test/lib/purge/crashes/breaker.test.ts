import { expect, test } from 'vitest';
import { failingOf } from '../../../../lib/purge/batch/act.ts';
import { BREAKER_FAILURES, BREAKER_REFUSALS } from '../../../../lib/purge/engine/limits.ts';
import {
  afterFailure,
  afterSuccess,
  applyChange,
  firstState,
} from '../../../../lib/purge/engine/slice-state.ts';
import { purgeId } from '../../../../lib/purge/record/purge-id.ts';
import { newRecord } from '../../../../lib/purge/record/record.ts';
import type { StudioErrorKind } from '../../../../lib/studio/errors.ts';
import { requestOf } from '../../../support/purge/request.ts';
import { failure } from '../../../support/purge/studio/in-process.ts';
import { NOON } from '../../../support/purge/world.ts';

const dateStarted = new Date(NOON).toISOString();
const record = newRecord({
  id: purgeId(NOON, 'breaker'),
  request: requestOf(),
  requestedBy: 'bearer:tests',
  policy: null,
  dateStarted,
  window: { from: null, to: dateStarted },
  flows: [],
});
const state = firstState({ record, version: 1, stopRequested: false });

/** After as many failures in a row. */
function after(count: number, kind: StudioErrorKind, before = state) {
  const failing = { ...failingOf('delete', failure(kind, 400, 1)), reason: 'any' };
  let now = before;
  for (let failed = 0; failed < count; failed++) now = applyChange(now, afterFailure(now, failing));
  return now;
}

test.each<[StudioErrorKind, number, boolean]>([
  ['unavailable', BREAKER_FAILURES, false],
  ['refused-credentials', BREAKER_FAILURES, true],
  ['rejected', BREAKER_REFUSALS, true],
])('a slice is aborted for %s after %i in a row (nobody waits that out: %s)', (kind, most, refused) => {
  expect(after(most - 1, kind).abortReason).toBeNull();
  expect(after(most, kind).abortReason).toEqual({ reason: 'any', refused });
});

test('one success is enough to begin anew', () => {
  const recovered = applyChange(after(BREAKER_FAILURES - 1, 'unavailable'), afterSuccess());
  expect(after(1, 'unavailable', recovered).abortReason).toBeNull();
});
