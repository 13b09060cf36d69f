import fc from 'fast-check';
import { expect, test } from 'vitest';
import { checkConfig } from '../../../../lib/config/configuration.ts';
import { listExecutions } from '../../../../lib/http/list/list-executions.ts';
import { admin, apiOver, configInput, NOW, secretSource } from '../../../support/http/api.ts';
import { CONTACTS, type Habits, START_S, Upstream } from './upstream.ts';

/**
 * Any upstream that is newest first: lists are read once each, whatever its tokens are, whether it applies
 * windows, and whatever is created and deleted between two requests. And any other, while nothing changes.
 */
const habits = fc.record({
  token: fc.constantFrom('offset', 'keyset', 'expired'),
  window: fc.boolean(),
  maxPageSize: fc.constantFrom(2, 7, 1_000),
}) satisfies fc.Arbitrary<Habits>;

const cases = fc.record({
  // Without windows and without tokens nobody could read such a list.
  habits: habits.filter(({ token, window }) => window || token !== 'expired'),
  created: fc.constantFrom(3, 12, 100).chain((seconds) =>
    fc.array(fc.tuple(fc.integer({ min: 0, max: 1 }), fc.integer({ min: 0, max: seconds })), {
      maxLength: 120,
      size: 'max',
    }),
  ),
  limit: fc.integer({ min: 1, max: 12 }),
  byContact: fc.boolean(),
  /** What happens meanwhile: which of all are deleted, and how many are created. */
  changes: fc.array(
    fc.record({ deleted: fc.array(fc.nat({ max: 99 }), { maxLength: 5 }), created: fc.nat({ max: 3 }) }),
    { size: 'max', maxLength: 40 },
  ),
});

test('every execution that stays is read once, and none twice', async () => {
  await fc.assert(
    fc.asyncProperty(cases, async ({ habits, created, limit, byContact, changes }) => {
      const groups = Object.values(Object.groupBy(created, (one) => one.join()));
      const mostOfOneSecond = Math.max(0, ...groups.map((group = []) => group.length));
      // A page that one second fills cannot be left by a window: such a Studio needs tokens that work.
      fc.pre(habits.token !== 'expired' || mostOfOneSecond < habits.maxPageSize);
      // Offsets that shift are beyond help where they have to be followed: without windows, or through a
      // second that fills pages (there only within a request).
      const mayChange = habits.window || habits.token === 'keyset';
      const mayChangeWithin =
        habits.token === 'keyset' || (mayChange && 2 * mostOfOneSecond < habits.maxPageSize);

      const upstream = new Upstream(habits);
      for (const [flow, second] of created) upstream.create(flow, START_S + second);
      const before = upstream.rows.map(({ sid }) => sid);
      const deleted = new Set<string>();
      let nextSecond = 0;
      const pending = mayChange ? [...changes] : [];
      const happen = () => {
        const change = pending.shift();
        if (!change) return;
        for (const at of change.deleted) {
          const row = upstream.rows[at];
          if (row) deleted.add(row.sid);
        }
        upstream.rows = upstream.rows.filter(({ sid }) => !deleted.has(sid));
        for (let count = 0; count < change.created; count++)
          upstream.create(count % 2, START_S + 200 + nextSecond++);
      };
      if (mayChangeWithin) upstream.onPage = happen;

      const read = await readAll(upstream, { limit, byContact }, happen);

      expect(new Set(read).size).toBe(read.length);
      const wanted = before.filter(
        (sid) => !deleted.has(sid) && (!byContact || contactOf(sid) === CONTACTS[0]),
      );
      expect(wanted.filter((sid) => !read.includes(sid))).toEqual([]);
      if (byContact) expect(read.filter((sid) => contactOf(sid) !== CONTACTS[0])).toEqual([]);
    }),
    { numRuns: 500, interruptAfterTimeLimit: 100_000, markInterruptAsFailure: true },
  );
}, 120_000);

test('in another order each is read once, too, over flows of which one is in order', async () => {
  const disorder = fc.record({
    order: fc.constantFrom('oldest', 'none'),
    seconds: fc.uniqueArray(fc.nat({ max: 5_000 }), { minLength: 30, maxLength: 150, size: 'max' }),
    window: fc.boolean(),
    maxPageSize: fc.constantFrom(20, 1_000),
    limit: fc.integer({ min: 1, max: 60 }),
    byContact: fc.boolean(),
  }) satisfies fc.Arbitrary<{ order: Habits['order'] } & Record<string, unknown>>;
  await fc.assert(
    fc.asyncProperty(disorder, async ({ order, seconds, window, maxPageSize, limit, byContact }) => {
      const upstream = new Upstream({ token: 'offset', window, maxPageSize, order });
      for (const [number, second] of seconds.entries())
        upstream.create(number % 3 === 0 ? 1 : 0, START_S - second);
      const wanted = upstream.rows.filter(({ contact }) => !byContact || contact === CONTACTS[0]);
      const read = await readAll(upstream, { limit, byContact });
      expect(read.toSorted()).toEqual(wanted.map(({ sid }) => sid).toSorted());
    }),
    { numRuns: 200, interruptAfterTimeLimit: 60_000, markInterruptAsFailure: true },
  );
}, 80_000);

/** Follows the cursors to the end. */
async function readAll(
  { list }: Upstream,
  { limit, byContact }: { limit: number; byContact: boolean },
  between = () => {},
): Promise<string[]> {
  const runtime = {
    config: checkConfig(configInput),
    secret: secretSource(),
    studio: { executions: { list } },
    now: () => NOW,
  };
  const { call } = apiOver({ 'GET /executions': (request) => listExecutions(runtime, request) });
  const path = `GET /executions?limit=${limit}${byContact ? `&contact=${CONTACTS[0]}` : ''}`;
  const read: string[] = [];
  let requests = 0;
  for (let cursor: string | null = ''; cursor !== null; requests++) {
    const { status, body, text } = await call(`${path}${cursor && `&cursor=${cursor}`}`, {
      headers: admin,
    });
    expect([status, text.slice(0, 200)]).toEqual([200, expect.anything()]);
    read.push(...body.executions.map(({ sid }: { sid: string }) => sid));
    cursor = body.nextCursor;
    expect(requests).toBeLessThan(300);
    between();
  }
  return read;
}

function contactOf(sid: string): string | undefined {
  return CONTACTS[Number.parseInt(sid.slice(2), 16) % 2];
}
