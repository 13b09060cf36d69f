import fc from 'fast-check';
import { expect, test } from 'vitest';
import { mortalSlice } from '../../../support/purge/mortal.ts';
import { createPurgedStudio, failure, sidOf } from '../../../support/purge/studio/in-process.ts';
import { createWorldOf, NOON, WELCOME } from '../../../support/purge/world.ts';

const HOUR_MS = 3_600_000;
const WINDOW_MS = 10 * HOUR_MS;
const RUNS = 150;
/** More than any of these needs, by far. */
const MAX_CALLS = 20_000;

const plan = fc.record({
  count: fc.integer({ min: 0, max: 400 }),
  /** Few different seconds: many executions share one. */
  seconds: fc.integer({ min: 1, max: 60 }),
  pageSize: fc.integer({ min: 1, max: 60 }),
  /** `volatile`: refused as soon as anything was changed. */
  tokens: fc.constantFrom('offset', 'keyset', 'volatile'),
  ignoreStatusFilter: fc.boolean(),
  ignoreDateFilters: fc.boolean(),
  isJumbled: fc.boolean(),
  deleteActive: fc.constantFrom('delete' as const, 'conflict' as const),
  status: fc.constantFrom('ended' as const, 'active' as const, 'any' as const),
  action: fc.constantFrom('delete' as const, 'end' as const),
  activeEvery: fc.integer({ min: 1, max: 5 }),
  /** Every so manyth can never be ended or deleted; 0: none. */
  stubbornEvery: fc.constantFrom(0, 0, 7, 3),
  /** Every so manyth call fails once. */
  flakyEvery: fc.constantFrom(0, 0, 11, 5),
  arrivals: fc.boolean(),
  /** Calls after which the worker dies, each time. */
  deaths: fc.array(fc.integer({ min: 1, max: 300 }), { maxLength: 3 }),
});

test('whatever Studio is like: what was selected is gone or named as failed, nothing else is touched, and it ends', async () => {
  await fc.assert(
    fc.asyncProperty(plan, async (p) => {
      let calls = 0;
      let arrived = 0;
      const isStubborn = (sid: string) =>
        p.stubbornEvery > 0 && Number.parseInt(sid.slice(-4), 16) % p.stubbornEvery === 0;
      const { pageSize, ignoreStatusFilter, ignoreDateFilters, deleteActive } = p;
      const clock = { nowMs: NOON };
      const studio = createPurgedStudio({
        clock,
        pageSize,
        pageToken: p.tokens === 'keyset' ? 'keyset' : 'offset',
        pageTokenLifetimeMs: p.tokens === 'volatile' ? 0 : null,
        listOrder: p.isJumbled ? 'jumbled' : 'newest-first',
        ...{ ignoreStatusFilter, ignoreDateFilters, deleteActive },
        after(operation) {
          // Time passes with each change, and tokens expire with it.
          if (operation === 'end' || operation === 'delete') clock.nowMs += 1;
        },
        before(operation, sid) {
          calls += 1;
          if (calls > MAX_CALLS) throw new Error('It does not end');
          // Far fewer than a page holds, as with Studio's 120 a second and pages of 1,000.
          if (p.arrivals && operation === 'list' && studio.calls.list % 20 === 0)
            studio.add({ sid: sidOf(0x10_0000 + arrived++), flowSid: WELCOME, createdMs: NOON });
          if (sid !== null && isStubborn(sid)) throw failure('unavailable', 503, 20503);
          // In no regular pattern, or each new try could meet it again.
          if (p.flakyEvery > 0 && operation !== 'list' && scrambled(calls) % p.flakyEvery === 0)
            throw failure('unavailable', 503, 20503);
        },
      });
      // A third lies outside of the window.
      for (let number = 0; number < p.count; number++)
        studio.add({
          sid: sidOf(number),
          flowSid: WELCOME,
          createdMs:
            NOON - 0.5 * WINDOW_MS - Math.floor(((number % p.seconds) / p.seconds) * 1.5 * WINDOW_MS),
          active: number % p.activeEvery === 0,
        });
      const states = () =>
        studio.store.executions.map((one) => [one.sid, studio.store.statusOf(one)] as const);
      const before = new Map(states());

      const world = createWorldOf(studio.upstream);
      const from = new Date(NOON - 1.5 * WINDOW_MS).toISOString();
      const to = new Date(NOON - 0.6 * WINDOW_MS).toISOString();
      const status = p.action === 'end' ? 'active' : p.status;
      const id = await world.start({ dateCreatedFrom: from, dateCreatedTo: to, status, action: p.action });
      const deaths = [...p.deaths];
      const record = await world.run(id, async (purge) => {
        for (;;) {
          const at = deaths.shift() ?? 0;
          const result = await mortalSlice(purge, world.ports, { at, when: 'after' });
          if (result !== null) return result;
        }
      });

      const selected = [...before].filter(([sid, state]) => {
        const created = studio.store.find(sid)?.dateCreated ?? '';
        return (
          (status === 'any' || state === status) && created >= wholeSecond(from) && created < wholeSecond(to)
        );
      });
      const isSelected = new Set(selected.map(([sid]) => sid));
      const wanted = p.action === 'end' ? 'ended' : 'deleted';
      const named = new Set(world.failures.all(id).map(({ sid }) => sid));
      for (const [sid, state] of states())
        if (!isSelected.has(sid)) expect(state).toBe(before.get(sid) ?? 'ended');
      // Three deaths before anything is saved end the purge, and its record says so.
      if (record.error?.includes('The worker died 3 times')) {
        expect(p.deaths).toHaveLength(3);
        expect(record.status).toBe('failed');
        const { matched, alreadyGone, failed } = record.counts;
        const known = record.counts[wanted] + alreadyGone;
        expect(matched).toBe(known + failed);
        const unknown = Number(/of (\d+) executions it is not known/.exec(record.error)?.[1] ?? 0);
        const changed = states().filter(([sid, state]) => isSelected.has(sid) && state === wanted).length;
        expect(changed).toBeGreaterThanOrEqual(known);
        expect(changed).toBeLessThanOrEqual(known + unknown);
        return;
      }
      expect(world.memory.openBatches()).toEqual([]);
      for (const [sid, state] of states())
        if (isSelected.has(sid) && !named.has(sid)) expect(state).toBe(wanted);
      const stubborn = selected.map(([sid]) => sid).filter(isStubborn);
      expect([...named]).toEqual(expect.arrayContaining(stubborn));
      // What fails by chance may fail each time, and may be gone although its answer said otherwise.
      if (p.flakyEvery === 0) expect(named.size).toBe(stubborn.length);
      expect(record.failures).toHaveLength(Math.min(100, named.size));
      expect(record.failures.every(({ sid }) => named.has(sid))).toBe(true);
      expect(studio.store.deletedWhileActive).toBe(0);
      const done = selected.length - named.size;
      expect(record.counts).toMatchObject({
        matched: selected.length,
        [wanted]: done,
        failed: named.size,
        alreadyGone: 0,
      });
      expect(record.counts.listed).toBeGreaterThanOrEqual(selected.length);
      expect(record.digest.count).toBe(done);
      expect(record.status).toBe(named.size > 0 ? 'failed' : 'succeeded');
    }),
    { numRuns: RUNS },
  );
}, 120_000);

function scrambled(number: number): number {
  return Math.imul(number ^ 0x5bd1, 0x9e3779b1) >>> 8;
}

function wholeSecond(iso: string): string {
  return iso.replace(/\.\d+Z$/, 'Z');
}
