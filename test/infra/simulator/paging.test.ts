import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { BehaviourChange } from '../../../infra/simulator/faults/behaviour.ts';
import { FLOW, NOON, start } from '../../support/simulator.ts';

const executions = `/v2/Flows/${FLOW}/Executions`;
const HOUR_MS = 3_600_000;

type Started = Awaited<ReturnType<typeof start>>;
type Visit = (page: { sids: string[]; number: number }) => void;

/** Follows next_page_url to the end, or to `most` pages. */
async function walk(
  { call }: Started,
  query: string,
  visit: Visit = () => {},
  most = 1_000,
): Promise<string[]> {
  const seen: string[] = [];
  let url: string | null = `${executions}?${query}`;
  for (let number = 0; url !== null && number < most; number++) {
    const { status, body }: Awaited<ReturnType<Started['call']>> = await call(url);
    if (status !== 200) throw new Error(`page ${number}: ${status} ${body.code}`);
    const sids = body.executions.map(({ sid }: { sid: string }) => sid);
    seen.push(...sids);
    visit({ sids, number });
    url = body.meta.next_page_url;
  }
  return seen;
}

function newestFirst({ studio }: Started, filter: Parameters<typeof studio.store.list>[0] = {}): string[] {
  return [...studio.store.list(filter)]
    .map(({ sid, dateCreated }, index) => ({ sid, dateCreated, index }))
    .sort((a, b) => b.dateCreated.localeCompare(a.dateCreated) || b.index - a.index)
    .map(({ sid }) => sid);
}

test('the metadata of a page is that of Studio, under the host that was asked', async () => {
  const { call, studio } = await start();
  studio.store.seed({ flowSid: FLOW, count: 3, activeShare: 1 });
  const host = `localhost:${new URL(studio.url).port}`;
  const base = `http://${host}${executions}`;

  const first = await call(`${base}?status=active&PageSize=2`);
  expect(first.body.meta).toEqual({
    page: 0,
    page_size: 2,
    first_page_url: `${base}?status=active&PageSize=2&Page=0`,
    previous_page_url: null,
    url: `${base}?status=active&PageSize=2&Page=0`,
    next_page_url: expect.stringMatching(/\?status=active&PageSize=2&Page=1&PageToken=PT\w+/),
    key: 'executions',
  });
  const second = await call(first.body.meta.next_page_url);
  expect(second.body.meta).toMatchObject({ page: 1, next_page_url: null });
  expect(second.body.executions[0].url).toBe(`${base}/${second.body.executions[0].sid}`);
});

test('pages hold fifty unless told otherwise', async () => {
  const { call, studio } = await start();
  studio.store.seed({ flowSid: FLOW, count: 51 });
  expect((await call(executions)).body.executions).toHaveLength(50);
});

test.each(['PageSize=0', 'PageSize=1001', 'PageSize=-1', 'PageSize=ten', 'PageSize=', 'Page=x'])(
  '%s is refused',
  async (query) => {
    const { call } = await start();
    const answer = await call(`${executions}?${query}`);
    expect([answer.status, answer.body.code]).toEqual([400, 20001]);
  },
);

test.each(['status=Active', 'status=', 'DateCreatedFrom=2026-11-20', 'DateCreatedTo=yesterday'])(
  'the filter %s is refused',
  async (query) => {
    const { call } = await start();
    const answer = await call(`${executions}?${query}`);
    expect([answer.status, answer.body.code]).toEqual([400, 20001]);
  },
);

test.each(['PageToken=', 'PageToken=PTx1t1', 'PageToken=50'])('%s is no page token', async (query) => {
  const { call } = await start();
  const answer = await call(`${executions}?${query}`);
  expect([answer.status, answer.body.code]).toEqual([400, 21481]);
});

test('the window includes its beginning and excludes its end', async () => {
  const started = await start();
  started.studio.store.seed({
    flowSid: FLOW,
    count: 4,
    dateCreatedFrom: '2026-11-20T08:00:00Z',
    dateCreatedTo: '2026-11-20T12:00:00Z',
  });
  const [eleven, ten, nine, eight] = await walk(started, '');

  const from = 'DateCreatedFrom=2026-11-20T09:00:00Z';
  const to = 'DateCreatedTo=2026-11-20T11:00:00Z';
  expect(await walk(started, from)).toEqual([eleven, ten, nine]);
  expect(await walk(started, to)).toEqual([ten, nine, eight]);
  expect(await walk(started, `${from}&${to}`)).toEqual([ten, nine]);
  expect(await walk(started, 'DateCreatedTo=2026-11-20T13:00:00%2B02:00')).toEqual([ten, nine, eight]);
  expect(await walk(started, 'DateCreatedFrom=2026-11-20T09:00:00.001Z')).toEqual([eleven, ten]);
});

test('whatever was seeded in whatever order, all pages together are the list, newest first', async () => {
  const started = await start();
  const seeds = fc.array(
    fc.record({
      count: fc.integer({ min: 0, max: 40 }),
      hoursAgo: fc.integer({ min: 1, max: 48 }),
      spreadHours: fc.integer({ min: 0, max: 1 }),
      activeShare: fc.constantFrom(0, 0.3, 1),
    }),
    { maxLength: 5 },
  );
  const filters = fc.record({
    status: fc.constantFrom(undefined, 'active' as const, 'ended' as const),
    fromHoursAgo: fc.option(fc.integer({ min: 0, max: 50 }), { nil: undefined }),
    pageSize: fc.integer({ min: 1, max: 60 }),
    pageToken: fc.constantFrom('keyset' as const, 'offset' as const),
  });
  await fc.assert(
    fc.asyncProperty(seeds, filters, async (seeded, { status, fromHoursAgo, pageSize, pageToken }) => {
      started.studio.reset();
      started.studio.behave({ pageToken });
      for (const { count, hoursAgo, spreadHours, activeShare } of seeded) {
        const fromMs = NOON - hoursAgo * HOUR_MS;
        const dateCreatedFrom = new Date(fromMs).toISOString();
        const dateCreatedTo = new Date(fromMs + spreadHours * HOUR_MS).toISOString();
        started.studio.store.seed({ flowSid: FLOW, count, activeShare, dateCreatedFrom, dateCreatedTo });
      }
      const from =
        fromHoursAgo === undefined ? undefined : new Date(NOON - fromHoursAgo * HOUR_MS).toISOString();
      const query = new URLSearchParams({ PageSize: String(pageSize) });
      if (status) query.set('status', status);
      if (from) query.set('DateCreatedFrom', from);

      const listed = await walk(started, String(query));

      const filter = { ...(status && { status }), ...(from && { dateCreatedFrom: from }) };
      expect(listed).toEqual(newestFirst(started, filter));
    }),
    { numRuns: 60 },
  );
});

test('a keyset token skips nothing while every page that was read is deleted', async () => {
  const started = await start({ behaviour: { pageToken: 'keyset' } });
  started.studio.store.seed({ flowSid: FLOW, count: 100 });
  const all = newestFirst(started);

  const listed = await walk(started, 'PageSize=10', ({ sids }) => {
    for (const sid of sids) started.studio.store.delete(sid);
  });

  expect(listed).toEqual(all);
});

test('an offset token skips as many as were deleted before it', async () => {
  const started = await start({ behaviour: { pageToken: 'offset' } });
  started.studio.store.seed({ flowSid: FLOW, count: 100 });
  const all = newestFirst(started);

  const listed = await walk(started, 'PageSize=10', ({ sids }) => {
    for (const sid of sids) started.studio.store.delete(sid);
  });

  // Every other page is jumped over.
  expect(listed).toEqual(all.filter((_, index) => Math.floor(index / 10) % 2 === 0));
});

test('page tokens expire', async () => {
  const { call, studio, clock } = await start({ behaviour: { pageTokenLifetimeMs: 60_000 } });
  studio.store.seed({ flowSid: FLOW, count: 100 });
  const { body } = await call(executions);

  clock.nowMs += 60_000;
  expect((await call(body.meta.next_page_url)).status).toBe(200);
  clock.nowMs += 1;
  const late = await call(body.meta.next_page_url);
  expect([late.status, late.body.code]).toEqual([400, 21481]);
});

test('thousands may share one second', async () => {
  const started = await start();
  const second = '2026-11-20T11:11:11Z';
  started.studio.store.seed({ flowSid: FLOW, count: 2_500, dateCreatedFrom: second, dateCreatedTo: second });

  const listed = await walk(started, 'PageSize=1000');

  expect(new Set(listed).size).toBe(2_500);
  expect([...started.studio.store.list()].every(({ dateCreated }) => dateCreated === second)).toBe(true);
});

test('executions that arrive while it is listed shift an offset, not a keyset', async () => {
  const doubles = async (pageToken: 'keyset' | 'offset') => {
    const started = await start({ behaviour: { arrivalsPerList: 3, pageToken } });
    started.studio.store.seed({ flowSid: FLOW, count: 40 });
    const listed = await walk(started, 'PageSize=10', undefined, 10);
    expect(started.studio.store.count().ended).toBeGreaterThan(40 + 3 * 3);
    return listed.length - new Set(listed).size;
  };
  expect(await doubles('keyset')).toBe(0);
  expect(await doubles('offset')).toBeGreaterThan(0);
});

test('the status filter can be ignored, and v1 knows none', async () => {
  const started = await start();
  started.studio.store.seed({ flowSid: FLOW, count: 10, activeShare: 0.5 });

  expect(await walk(started, 'status=active')).toHaveLength(5);
  started.studio.behave({ ignoreStatusFilter: true });
  expect(await walk(started, 'status=active')).toHaveLength(10);
  started.studio.behave({ ignoreStatusFilter: false });
  expect((await started.call(`/v1/Flows/${FLOW}/Executions`)).body.executions).toHaveLength(10);
});

test('the filter by dates can be ignored', async () => {
  const started = await start({ behaviour: { ignoreDateFilters: true } });
  started.studio.store.seed({ flowSid: FLOW, count: 10 });
  expect(await walk(started, `DateCreatedTo=${new Date(NOON - 20 * HOUR_MS).toISOString()}`)).toHaveLength(
    10,
  );
});

test('lists can have another order, and have each execution once over all pages', async () => {
  const started = await start();
  started.studio.store.seed({ flowSid: FLOW, count: 23 });
  const newest = newestFirst(started);
  const listed = (listOrder: BehaviourChange['listOrder']) => {
    started.studio.behave({ listOrder });
    return walk(started, 'PageSize=5');
  };
  expect(await listed('oldest-first')).toEqual(newest.toReversed());
  const jumbled = await listed('jumbled');
  expect(jumbled).not.toEqual(newest);
  for (const [index, sid] of newest.entries())
    expect(Math.abs(jumbled.indexOf(sid) - index)).toBeLessThanOrEqual(3);
  const disordered = await listed('none');
  expect([newest, newest.toReversed(), jumbled]).not.toContainEqual(disordered);
  for (const order of [jumbled, disordered]) expect(order.toSorted()).toEqual(newest.toSorted());
});

test.each<[NonNullable<BehaviourChange['paging']>, number[]]>([
  ['repeated-cursor', [10, 10, 10, 10, 10, 10]],
  ['repeated-page', [10, 10, 10, 10, 10, 10]],
  ['empty-pages', [0, 0, 0, 0, 0, 0]],
  ['empty-last-page', [10, 10, 0]],
])('paging can be told to go wrong: %s', async (paging, expected) => {
  const started = await start({ behaviour: { paging } });
  started.studio.store.seed({ flowSid: FLOW, count: 20 });
  const counts: number[] = [];

  const listed = await walk(started, 'PageSize=10', ({ sids }) => counts.push(sids.length), 6);

  expect(counts).toEqual(expected);
  const different = { 'repeated-cursor': 20, 'repeated-page': 10, 'empty-pages': 0, 'empty-last-page': 20 };
  expect(new Set(listed).size).toBe(Reflect.get(different, paging));
});

test('a repeated cursor repeats the very URL, a repeated page never does', async () => {
  const { call, studio } = await start({ behaviour: { paging: 'repeated-cursor' } });
  studio.store.seed({ flowSid: FLOW, count: 30 });
  const first = await call(`${executions}?PageSize=10`);
  const second = await call(first.body.meta.next_page_url);
  expect(second.body.meta.next_page_url).toBe(first.body.meta.next_page_url);

  studio.behave({ paging: 'repeated-page' });
  const [a, b] = [await call(`${executions}?PageSize=10`), await call(`${executions}?PageSize=10&Page=1`)];
  expect(b.body.executions).toEqual(a.body.executions);
  expect(b.body.meta.next_page_url).not.toBe(a.body.meta.next_page_url);
});

test('the next page can be said to be at another host', async () => {
  const { call, studio } = await start({ behaviour: { paging: 'foreign-host' } });
  studio.store.seed({ flowSid: FLOW, count: 60 });
  const { body } = await call(executions);
  expect(body.meta.next_page_url).toMatch(
    /^https:\/\/studio\.twilio\.example\/v2\/Flows\/FWa+\/Executions\?/,
  );
});

test('under a prefix, URLs carry it', async () => {
  const { call, studio } = await start({ prefix: '/twilio' });
  studio.store.seed({ flowSid: FLOW, count: 60 });
  const { body } = await call(executions);
  expect(body.meta.next_page_url.startsWith(`${studio.url}${executions}?`)).toBe(true);
  expect((await call(body.meta.next_page_url)).body.executions).toHaveLength(10);
});
