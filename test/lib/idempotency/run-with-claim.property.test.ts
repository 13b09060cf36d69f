import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LEASE_MS } from '../../../lib/idempotency/claims.ts';
import { PROOF_AFTER_MS } from '../../../lib/trigger/search.ts';
import { type CreateFate, FLOW } from '../../support/trigger/studio.ts';
import {
  BODY,
  type Boundary,
  createWorld,
  type ProcessOptions,
  WELCOME,
} from '../../support/trigger/world.ts';

/** `SEED` and `SCHEDULES` in the environment look elsewhere and longer. */
const SCHEDULES = Number(process.env['SCHEDULES'] ?? 600);
const SEED = Number(process.env['SEED'] ?? 20_260_101);
const KEYS = 2;

/** Twilio gives up after about 26 s. */
const MAX_LATE_MS = 26_000;

const fate: fc.Arbitrary<CreateFate> = fc.oneof(
  { weight: 3, arbitrary: fc.constant('done') },
  fc.constantFrom<CreateFate>('throttled', 'rejected', 'lost-after', 'lost-before'),
  fc.record({ lateMs: fc.integer({ min: 0, max: MAX_LATE_MS }) }),
);

const boundary = fc.constantFrom<Boundary>(
  'before claim',
  'after claim',
  'before takeOver',
  'after takeOver',
  'before create',
  'after create',
  'before update',
  'after update',
  'before list',
  'after release',
);

/** Where a process may sleep: everywhere but between its last look at the clock and the create itself. */
const wakeful = fc.constantFrom<Boundary>(
  'after claim',
  'after takeOver',
  'after create',
  'before update',
  'after update',
  'before list',
);

const delivery = fc.record({
  key: fc.integer({ min: 0, max: KEYS - 1 }),
  afterMs: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 70_000 })),
  stop: fc.option(
    fc.oneof(
      fc.record({ boundary, nth: fc.integer({ min: 1, max: 2 }) }),
      fc.record({ boundary: wakeful, forMs: fc.integer({ min: 1, max: 120_000 }) }),
    ),
    { nil: undefined },
  ),
  tableFaults: fc.array(
    fc.tuple(fc.integer({ min: 1, max: 4 }), fc.constantFrom<'before' | 'after'>('before', 'after')),
    { maxLength: 2 },
  ),
  /** The longest is that of a process which was frozen while it waited for the table. */
  tableMs: fc.constantFrom(5, 50, 2_000, 8_000, 29_000, 45_000),
});

const schedule = fc.record({
  deliveries: fc.array(delivery, { minLength: 1, maxLength: 8 }),
  fates: fc.array(fate, { maxLength: 8 }),
  readFaults: fc.array(fc.constantFrom('unavailable' as const, 'throttled' as const, 'timeout' as const), {
    maxLength: 4,
  }),
  runsForMs: fc.constantFrom(1, 900, 20_000, Number.POSITIVE_INFINITY),
  correlation: fc.boolean(),
  onConflict: fc.constantFrom('fail' as const, 'return' as const, 'replace' as const),
  strangers: fc.integer({ min: 0, max: 3 }),
});

type Delivery = typeof delivery extends fc.Arbitrary<infer T> ? T : never;

function processOf({ stop, tableFaults, tableMs }: Delivery): ProcessOptions {
  return { ...(stop ? { stop } : {}), tableFaults: new Map(tableFaults), tableLatencyMs: () => tableMs };
}

test('whatever happens to whichever delivery, there is never a second execution for a key', async () => {
  await fc.assert(
    fc.asyncProperty(schedule, async (plan) => {
      const { clock, studio, deliver } = createWorld();
      Object.assign(studio, {
        fates: [...plan.fates],
        readFaults: [...plan.readFaults],
        runsForMs: plan.runsForMs,
      });
      for (let at = 0; at < plan.strangers; at++) studio.start(`+1555333000${at}`, FLOW);
      const contactOf = (key: number) => `+1555444000${key}`;
      const requestOf = (key: number) => ({
        idempotencyKey: `key-${key}`,
        flow: { ...WELCOME, correlation: plan.correlation, onConflict: plan.onConflict },
        body: { ...BODY, to: contactOf(key) },
      });

      const answers: { key: number; sid: string | undefined }[] = [];
      const running: Promise<void>[] = [];
      const send = (key: number, process?: ProcessOptions) =>
        deliver(requestOf(key), process).then((answer) => {
          if (answer && 'execution' in answer) answers.push({ key, sid: answer.execution.sid });
          return answer?.outcome;
        });
      for (const one of plan.deliveries) {
        await clock.pass(one.afterMs);
        running.push(send(one.key, processOf(one)).then(() => undefined));
      }
      await clock.run(Promise.all(running));

      // Then all trouble ends, and each key that was used is sent once more.
      Object.assign(studio, { fates: [], readFaults: [] });
      await clock.pass(LEASE_MS + PROOF_AFTER_MS + MAX_LATE_MS);
      for (const key of new Set(plan.deliveries.map((one) => one.key))) {
        const outcome = await clock.run(send(key));
        const runs = studio.runs.filter((run) => run.contactChannelAddress === contactOf(key));
        const told = new Set(answers.filter((one) => one.key === key).map(({ sid }) => sid));
        expect(runs.length).toBeLessThanOrEqual(1);
        expect([...told].every((sid) => sid === runs[0]?.sid)).toBe(true);
        if (plan.correlation) expect([outcome, runs.length]).toEqual(['created', 1]);
      }
    }),
    { numRuns: SCHEDULES, seed: SEED },
  );
}, 600_000);
