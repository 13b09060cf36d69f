import { expect, test } from 'vitest';
import { createRounds } from '../../../support/purge/rounds.ts';
import { createWorldWithLimiter } from '../../../support/purge/studio/with-limiter.ts';
import { NOON, WELCOME } from '../../../support/purge/world.ts';

/** How much Studio takes at a time is published nowhere, and may change: the limiter that is deployed finds it out. */

const DAY_MS = 86_400_000;
const day = (days: number) => new Date(NOON - days * DAY_MS).toISOString();
const COUNT = 1_500;
/** Any: a round trip ends when all that was asked is there. */
const LATENCY_MS = 1;
/** More than the fixed gate of other tests would ever let through. */
const MANY = 51;

/** So many in flight, after so many requests. */
type Allowed = { after: number; maxInFlight: number };

test.each<[string, Allowed[], number]>([
  ['5', [{ after: 0, maxInFlight: 5 }], 5],
  ['500', [{ after: 0, maxInFlight: 500 }], MANY],
  [
    '500, then 5, then 50',
    [
      { after: 0, maxInFlight: 500 },
      { after: 500, maxInFlight: 5 },
      { after: 1_000, maxInFlight: 50 },
    ],
    MANY,
  ],
])('with %s in flight everything goes, and nothing fails', async (_allowed, allowed, used) => {
  const rounds = createRounds();
  const { studio, purge } = await createWorldWithLimiter({ faster: 1, rounds }, { latencyMs: LATENCY_MS });
  const between = { dateCreatedFrom: day(9), dateCreatedTo: day(8) };
  const { active } = studio.store.seed({ flowSid: WELCOME, count: COUNT, activeShare: 0.1, ...between });
  const allowAfter = (requests: number) => {
    const next = allowed.find(({ after }) => after === requests);
    if (next) studio.behave({ maxInFlight: next.maxInFlight });
  };
  allowAfter(0);
  let requests = 0;
  studio.watch(() => allowAfter(++requests));

  const record = await purge({ olderThan: 'P7D', status: 'any' });

  const { byOperation, throttled, peakInFlight } = studio.statistics();
  expect(record).toMatchObject({ status: 'succeeded', error: null, failures: [], digest: { count: COUNT } });
  expect(record.counts).toMatchObject({ matched: COUNT, ended: active, deleted: COUNT });
  expect(record.counts).toMatchObject({ alreadyGone: 0, failed: 0 });
  expect(studio.store.count()).toEqual({ active: 0, ended: 0, deleted: COUNT });
  expect(studio.store.deletedWhileActive).toBe(0);
  expect(byOperation.DeleteExecution?.['204']).toBe(record.counts.deleted);
  expect(byOperation.UpdateExecution?.['200']).toBe(record.counts.ended);
  // What is allowed is made use of, and not run against all the time.
  expect(peakInFlight).toBeGreaterThanOrEqual(used);
  expect(throttled).toBeLessThan(requests / 4);
});
