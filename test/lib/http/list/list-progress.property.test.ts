import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { checkConfig } from '../../../../lib/config/configuration.ts';
import { openCursor } from '../../../../lib/http/list/cursor.ts';
import { listExecutions } from '../../../../lib/http/list/list-executions.ts';
import type { Handlers } from '../../../../lib/http/request.ts';
import { MAX_CURSOR_CHARACTERS } from '../../../../lib/http/schemas/query.ts';
import { StudioError } from '../../../../lib/studio/errors.ts';
import type { Execution, Listing } from '../../../../lib/studio/types.ts';
import { admin, apiOver, NOW, type Reply, secretSource } from '../../../support/http/api.ts';
import { arrival, CONTACTS, type Habits, START_S, Upstream } from './upstream.ts';

beforeEach(() => void vi.useFakeTimers({ now: NOW, toFake: ['setTimeout', 'clearTimeout', 'Date'] }));
afterEach(() => void vi.useRealTimers());

const MAX_REQUESTS = 2_000;

const flowSidOf = (index: number) => `FW${index.toString(16).padStart(32, '0')}`;

/** An upstream of `flows` flows whose pages take their time, as the client of Studio would wait for it. */
function slowUpstream(habits: Habits, flows: number, pageMs: (flow: number) => number | 'never') {
  const upstream = new Upstream(
    habits,
    Array.from({ length: flows }, (_, index) => flowSidOf(index)),
  );
  upstream.beforePage = (flowSid, signal) => arrival(pageMs(upstream.flowSids.indexOf(flowSid)), signal);
  return upstream;
}

function listOf({ list, flowSids }: Upstream) {
  const config = checkConfig({ flows: flowSids.map((sid, index) => ({ alias: `flow${index}`, sid })) });
  const runtime = { config, secret: secretSource(), studio: { executions: { list } }, now: () => Date.now() };
  const handlers: Handlers = { 'GET /executions': (request) => listExecutions(runtime, request) };
  const { call } = apiOver(handlers, { config, secret: runtime.secret, now: runtime.now });
  return async (query: string): Promise<Reply> => {
    const reply = call(`GET /executions?${query}`, { headers: admin });
    await vi.runAllTimersAsync();
    return reply;
  };
}

/** What a cursor holds, without the count of pages read in vain. */
function progressIn({ flowSids }: Upstream, cursor: string): string {
  const state = openCursor(secretSource().cached, ['GET /executions', ...flowSids], cursor);
  return JSON.stringify({ ...Object(state), idle: 0 });
}

type Followed = { sids: string[]; requests: number; refused: number };

/** Follows cursors to the end, and asks again after a 503. Fails for a request that comes to nothing. */
async function follow(upstream: Upstream, query: string, mostRefused: number): Promise<Followed> {
  const ask = listOf(upstream);
  const sids: string[] = [];
  const states = new Set<string>();
  let refused = 0;
  for (let cursor = '', requests = 1; ; requests++) {
    expect(requests).toBeLessThan(MAX_REQUESTS);
    const { status, body, text } = await ask(`${query}${cursor && `&cursor=${cursor}`}`);
    if (status === 503) {
      expect(++refused, text).toBeLessThanOrEqual(mostRefused);
      continue;
    }
    expect([status, text.slice(0, 200)]).toEqual([200, expect.anything()]);
    sids.push(...body.executions.map(({ sid }: { sid: string }) => sid));
    if (body.nextCursor === null) return { sids, requests, refused };
    cursor = body.nextCursor;
    expect(cursor.length).toBeLessThanOrEqual(MAX_CURSOR_CHARACTERS);
    const state = progressIn(upstream, cursor);
    expect(states.has(state)).toBe(false);
    states.add(state);
  }
}

/** Newest first, and of one second in the order of the flows. */
function expectInOrder(upstream: Upstream, sids: readonly string[], wanted: readonly string[]): void {
  const rowOf = new Map(upstream.rows.map((row) => [row.sid, row]));
  const placeOf = (sid: string) => {
    const { second = 0, flowSid = '' } = rowOf.get(sid) ?? {};
    return -second * 1_000 + upstream.flowSids.indexOf(flowSid);
  };
  expect(sids.map(placeOf)).toEqual(sids.map(placeOf).toSorted((one, other) => one - other));
  expect(sids.toSorted()).toEqual(wanted.toSorted());
}

const slow = fc.record({
  flows: fc.integer({ min: 1, max: 20 }),
  habits: fc
    .record({
      token: fc.constantFrom('offset', 'keyset'),
      window: fc.boolean(),
      maxPageSize: fc.constantFrom(2, 7, 1_000),
    })
    .map((habits) => habits satisfies Habits),
  /** Of each flow, in turn. What needs two pages, one to go on from, needs the time for both. */
  pageMs: fc.array(fc.constantFrom(0, 800, 2_500, 5_200, 6_500), { minLength: 1, maxLength: 20 }),
  created: fc.constantFrom(0, 5, 300).chain((seconds) =>
    fc.array(fc.tuple(fc.nat({ max: 19 }), fc.integer({ min: 0, max: seconds })), {
      maxLength: 60,
      size: 'max',
    }),
  ),
  limit: fc.integer({ min: 1, max: 30 }),
  byContact: fc.boolean(),
  /** Which of the calls fail, one after another. */
  failing: fc.array(fc.boolean(), { maxLength: 40 }),
});

test('over slow and failing flows each cursor leads on, and each execution is read once and in order', async () => {
  await fc.assert(
    fc.asyncProperty(slow, async ({ flows, habits, pageMs, created, limit, byContact, failing }) => {
      const calls = failing.values();
      const upstream = slowUpstream(habits, flows, (flow) =>
        calls.next().value ? 'never' : (pageMs[flow % pageMs.length] ?? 0),
      );
      for (const [flow, second] of created) upstream.create(flow % flows, START_S + second);
      const query = `limit=${limit}${byContact ? `&contact=${CONTACTS[0]}` : ''}`;
      const { sids } = await follow(upstream, query, failing.filter(Boolean).length);
      const wanted = upstream.rows.filter(({ contact }) => !byContact || contact === CONTACTS[0]);
      expectInOrder(
        upstream,
        sids,
        wanted.map(({ sid }) => sid),
      );
    }),
    { numRuns: 150 },
  );
}, 120_000);

test.each([
  [5_200, 'seconds of their own', 1],
  [6_600, 'seconds of their own', 1],
  [9_900, 'seconds of their own', 1],
  [5_200, 'one second', 0],
  [8_000, 'one second', 0],
])(
  '20 flows of %i ms a page, with executions of %s, are read to their end',
  async (pageMs, _, secondsApart) => {
    const upstream = slowUpstream({ token: 'offset', window: true, maxPageSize: 1_000 }, 20, () => pageMs);
    for (let number = 0; number < 200; number++)
      upstream.create(number % 20, START_S - secondsApart * number);
    const { sids } = await follow(upstream, 'limit=100', 0);
    expectInOrder(
      upstream,
      sids,
      upstream.rows.map(({ sid }) => sid),
    );
  },
);

/** Three executions in each of 20 flows, of which the first gives no page. */
function withOneThatHangs() {
  const hanging = { is: true };
  const upstream = slowUpstream({ token: 'keyset', window: true, maxPageSize: 1_000 }, 20, (flow) =>
    flow === 0 && hanging.is ? 'never' : 100,
  );
  for (let number = 0; number < 60; number++) upstream.create(number % 20, START_S - number);
  return { upstream, hanging, ask: listOf(upstream) };
}

test('a flow that gives no page keeps what was read of the others: 503 until it does', async () => {
  const { upstream, hanging, ask } = withOneThatHangs();
  const asked: string[] = [];
  const { beforePage } = upstream;
  upstream.beforePage = (flowSid, signal) => {
    asked.push(flowSid);
    return beforePage(flowSid, signal);
  };
  const first = await ask('limit=100');
  expect([first.status, first.body.executions]).toEqual([200, []]);
  for (let again = 0; again < 3; again++) {
    asked.length = 0;
    // New ones elsewhere are no progress of this list.
    upstream.create(1 + again, START_S + 10 + again);
    const { status, headers } = await ask(`limit=100&cursor=${first.body.nextCursor}`);
    expect([status, headers['retry-after']]).toEqual([503, '2']);
    expect(asked).toEqual([flowSidOf(0)]);
  }
  hanging.is = false;
  const { status, body } = await ask(`limit=100&cursor=${first.body.nextCursor}`);
  expect([status, body.nextCursor]).toEqual([200, null]);
  const sids = body.executions.map(({ sid }: { sid: string }) => sid);
  expect(sids).toEqual(expect.arrayContaining(upstream.rows.slice(3).map(({ sid }) => sid)));
});

test('a flow that gives no page is not waited for before its executions come next', async () => {
  const { upstream, hanging, ask } = withOneThatHangs();
  hanging.is = false;
  const { body } = await ask('limit=1');
  hanging.is = true;
  const second = await ask(`limit=10&cursor=${body.nextCursor}`);
  expect([second.status, second.body.executions.length]).toEqual([200, 10]);
  const all = [...body.executions, ...second.body.executions].map(({ sid }: { sid: string }) => sid);
  expect(all).toEqual(upstream.rows.slice(0, 11).map(({ sid }) => sid));
});

test('a failed page leaves the cursor of a list inside one second as it was: 503 until it is read', async () => {
  const failing = new Set([2, 4]);
  let calls = 0;
  const upstream = slowUpstream({ token: 'offset', window: false, maxPageSize: 2 }, 1, () => 0);
  upstream.beforePage = async () => {
    if (failing.has(calls++)) throw new StudioError('connection', 'reset', { operation: 'ListExecution' });
  };
  for (let number = 0; number < 5; number++) upstream.create(0, START_S);
  const ask = listOf(upstream);
  const first = await ask('limit=4');
  expect([first.status, first.body.executions.length]).toEqual([200, 4]);
  const again = () => ask(`limit=4&cursor=${first.body.nextCursor}`);
  // First the page of the cursor fails, then the page after it.
  expect((await again()).status).toBe(503);
  expect((await again()).status).toBe(503);
  const last = await again();
  expect([last.status, last.body.nextCursor]).toEqual([200, null]);
  const sids = [...first.body.executions, ...last.body.executions].map(({ sid }: { sid: string }) => sid);
  expect(sids).toEqual(upstream.rows.map(({ sid }) => sid));
});

test('an execution that appears late, in a flow that failed meanwhile, turns no list back', async () => {
  const failing = { at: -1 };
  let calls = 0;
  const upstream = slowUpstream({ token: 'keyset', window: true, maxPageSize: 1_000 }, 2, () => 0);
  upstream.beforePage = async () => {
    if (calls++ === failing.at) throw new StudioError('connection', 'reset', { operation: 'ListExecution' });
  };
  for (const [flow, second] of [
    [1, 70],
    [0, 80],
    [1, 90],
    [1, 100],
  ] as const)
    upstream.create(flow, START_S + second - 1_000);
  const wanted = upstream.rows.map(({ sid }) => sid);
  const ask = listOf(upstream);
  const first = await ask('limit=1');
  // Of the next two calls, which are made at once, the second is that of the flow that is not needed yet.
  failing.at = calls + 1;
  upstream.create(0, START_S + 95 - 1_000);
  const second = await ask(`limit=2&cursor=${first.body.nextCursor}`);
  const third = await ask(`limit=9&cursor=${second.body.nextCursor}`);
  const read = [first, second, third].flatMap(({ body }) => body.executions);
  expect(calls).toBeGreaterThan(failing.at);
  expect(read.map(({ sid }) => sid)).toEqual(wanted);
});

test('executions without a date are read once each, over flows that begin with one', async () => {
  const upstream = slowUpstream({ token: 'keyset', window: true, maxPageSize: 1_000 }, 2, () => 0);
  for (const number of [3, 2, 1]) for (const flow of [0, 1]) upstream.create(flow, START_S - number);
  const { list } = upstream;
  const undated = upstream.rows.slice(0, 2).map(({ sid }) => sid);
  upstream.list = (...asked) => withoutDates(list(...asked), undated);
  const { sids } = await follow(upstream, 'limit=1', 0);
  expectInOrder(
    upstream,
    sids,
    upstream.rows.map(({ sid }) => sid),
  );
});

function withoutDates(listing: Listing<Execution>, undated: readonly string[]): Listing<Execution> {
  const pages: Listing<Execution>['pages'] = async function* (options) {
    for await (const page of listing.pages(options))
      yield {
        ...page,
        items: page.items.map((one) => (undated.includes(one.sid) ? { ...one, dateCreated: null } : one)),
      };
  };
  return { ...listing, pages };
}

describe('a cursor fits into a URL', () => {
  const habits: Habits = { token: 'offset', window: true, maxPageSize: 1_000, tokenCharacters: 1_000 };

  test('with a long contact, many executions of one second and long page tokens', async () => {
    const upstream = slowUpstream({ ...habits, maxPageSize: 60, tokenCharacters: 700 }, 3, () => 0);
    for (let number = 0; number < 1_500; number++) upstream.create(number % 3, START_S);
    const { sids } = await follow(upstream, `contact=${encodeURIComponent('木'.repeat(300))}`, 0);
    expect(sids).toEqual([]);
  });

  test('or the list ends with a problem where only the token leads on', async () => {
    const upstream = slowUpstream(
      { ...habits, order: 'oldest', tokenCharacters: 3_500, maxPageSize: 20 },
      1,
      () => 0,
    );
    for (let number = 0; number < 100; number++) upstream.create(0, START_S - number);
    const ask = listOf(upstream);
    const first = await ask('limit=30');
    expect([first.status, first.body.type]).toEqual([502, '/problems/studio-answered-nonsense']);
  });
});
