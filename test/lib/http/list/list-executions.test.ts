import { describe, expect, test } from 'vitest';
import {
  admin,
  NOW,
  type Reply,
  reader,
  SURVEY,
  startApi,
  surveyor,
  WELCOME,
} from '../../../support/http/api.ts';

type Call = Awaited<ReturnType<typeof startApi>>['call'];

/** Follows the cursors to the end; `between` runs after each page. */
async function readAll(call: Call, path: string, between: (reply: Reply) => void = () => {}) {
  const pages: string[][] = [];
  const separator = path.includes('?') ? '&' : '?';
  for (let cursor: string | null = ''; cursor !== null; ) {
    const target = cursor === '' ? path : `${path}${separator}cursor=${cursor}`;
    const reply: Reply = await call(`GET ${target}`, { headers: admin });
    expect(reply.status, reply.text).toBe(200);
    pages.push(reply.body.executions.map(({ sid }: { sid: string }) => sid));
    cursor = reply.body.nextCursor;
    expect(pages.length).toBeLessThan(500);
    between(reply);
  }
  return { pages, sids: pages.flat() };
}

describe('the executions of one flow', () => {
  test('an execution is answered member by member, as the contract says', async () => {
    const { call, studio } = await startApi();
    const { firstSid } = studio.store.seed({ flowSid: WELCOME, count: 1, contact: '+15005550006' });
    const { status, body } = await call('GET /flows/welcome/executions', { headers: reader });
    expect(status).toBe(200);
    expect(body.nextCursor).toBeNull();
    expect(body.executions).toHaveLength(1);
    expect(body.executions[0]).toMatchObject({
      sid: firstSid,
      accountSid: `AC${'a'.repeat(32)}`,
      flowSid: WELCOME,
      flow: 'welcome',
      status: 'ended',
      contactChannelAddress: '+15005550006',
    });
    expect(Object.keys(body.executions[0])).toEqual([
      'sid',
      'accountSid',
      'flowSid',
      'flow',
      'status',
      'contactChannelAddress',
      'contactSid',
      'flowVersion',
      'dateCreated',
      'dateUpdated',
      'initiatedBy',
      'url',
    ]);
  });

  test.each([
    ['keyset tokens', {}],
    ['offset tokens', { pageToken: 'offset' as const }],
    ['expired tokens', { pageTokenLifetimeMs: 0 }],
    ['an ignored status filter', { ignoreStatusFilter: true }],
    ['relative page URLs', { paging: 'relative-url' as const }],
    ['a last page that is empty', { paging: 'empty-last-page' as const }],
  ])('are read once each, newest first, with %s', async (_, behaviour) => {
    const { call, studio } = await startApi({ behaviour });
    studio.store.seed({ flowSid: WELCOME, count: 137, activeShare: 0.3 });
    const expected = [...studio.store.list({ flowSid: WELCOME, status: 'active' })].length;
    const all = await readAll(call, '/flows/welcome/executions?limit=10');
    expect(new Set(all.sids).size).toBe(137);
    expect(all.sids).toHaveLength(137);
    expect(all.pages.every((page) => page.length <= 10)).toBe(true);
    const active = await readAll(call, '/flows/welcome/executions?limit=7&status=active');
    expect(new Set(active.sids).size).toBe(expected);
    expect(active.sids).toHaveLength(expected);
  });

  test('500 of one second are read once each, although no cursor can name them all', async () => {
    const { call, studio } = await startApi({ behaviour: { pageToken: 'offset' } });
    const at = '2026-11-21T00:00:00Z';
    studio.store.seed({ flowSid: WELCOME, count: 20, dateCreatedTo: at });
    studio.store.seed({ flowSid: WELCOME, count: 500, dateCreatedFrom: at, dateCreatedTo: at });
    const { sids } = await readAll(call, '/flows/welcome/executions?limit=13');
    expect(sids).toHaveLength(520);
    expect(new Set(sids).size).toBe(520);
  });

  test('what is left of one second is read although everything read of it is gone by then', async () => {
    const { call, studio } = await startApi({ behaviour: { pageToken: 'offset' } });
    const at = '2026-11-21T00:00:00Z';
    studio.store.seed({ flowSid: WELCOME, count: 500, dateCreatedFrom: at, dateCreatedTo: at });
    studio.store.seed({ flowSid: WELCOME, count: 5, dateCreatedTo: at });
    const { sids } = await readAll(call, '/flows/welcome/executions?limit=250', ({ body }) => {
      for (const { sid } of body.executions) studio.store.delete(sid);
    });
    expect(sids).toHaveLength(505);
    expect(new Set(sids).size).toBe(505);
  });

  test('tokens that expire between two pages lose nothing, also within one second', async () => {
    let nowMs = NOW;
    const { call, studio } = await startApi({
      now: () => nowMs,
      behaviour: { pageToken: 'offset', pageTokenLifetimeMs: 60_000 },
    });
    const at = '2026-11-21T00:00:00Z';
    studio.store.seed({ flowSid: WELCOME, count: 500, dateCreatedFrom: at, dateCreatedTo: at });
    const { sids } = await readAll(call, '/flows/welcome/executions?limit=70', () => {
      nowMs += 61_000;
    });
    expect(studio.requests.filter(({ status }) => status === 400).length).toBeGreaterThan(0);
    expect(sids).toHaveLength(500);
    expect(new Set(sids).size).toBe(500);
  });

  test('two active ones far apart are found although Studio ignores the status', async () => {
    const { call, studio } = await startApi({ behaviour: { ignoreStatusFilter: true } });
    const seed = (count: number, day: string, activeShare = 0) =>
      studio.store.seed({
        flowSid: WELCOME,
        count,
        activeShare,
        dateCreatedFrom: `${day}T00:00:00Z`,
        dateCreatedTo: `${day}T20:00:00Z`,
      });
    seed(1, '2026-11-18', 1);
    seed(2_000, '2026-11-19');
    seed(1, '2026-11-20', 1);
    const { pages, sids } = await readAll(call, '/flows/welcome/executions?status=active&limit=1');
    expect(sids).toHaveLength(2);
    // Not by pages of 50: that would take forty of them.
    expect(studio.requests.length).toBeLessThan(10);
    expect(pages.at(-1)).toHaveLength(1);
    for (const { path } of studio.requests) expect(path).toMatch(/[?&]status=active/);
  });

  test('two active ones are found over more pages without one than a request reads', async () => {
    const { call, studio } = await startApi({ behaviour: { ignoreStatusFilter: true } });
    for (const [count, day, activeShare] of [
      [1, '2026-11-18', 1],
      [15_000, '2026-11-19', 0],
      [1, '2026-11-20', 1],
    ] as const)
      studio.store.seed({
        flowSid: WELCOME,
        count,
        activeShare,
        dateCreatedFrom: `${day}T00:00:00Z`,
        dateCreatedTo: `${day}T20:00:00Z`,
      });
    const { pages, sids } = await readAll(call, '/flows/welcome/executions?status=active&limit=1');
    expect(sids).toHaveLength(2);
    expect(pages.length).toBeLessThan(6);
  });

  test('more active ones of one second than a cursor can name, with many ended ones between, are read once each', async () => {
    const { call, studio } = await startApi({ behaviour: { ignoreStatusFilter: true } });
    const at = '2026-11-21T00:00:00Z';
    for (const [count, activeShare] of [
      [60, 1],
      [12_000, 0],
      [200, 1],
    ] as const)
      studio.store.seed({ flowSid: WELCOME, count, activeShare, dateCreatedFrom: at, dateCreatedTo: at });
    const { sids } = await readAll(call, '/flows/welcome/executions?status=active&limit=70');
    expect(sids).toHaveLength(260);
    expect(new Set(sids).size).toBe(260);
  });

  test('one upstream page is enough for one of ours, also within one second', async () => {
    const { call, studio } = await startApi();
    const at = '2026-11-21T00:00:00Z';
    studio.store.seed({ flowSid: WELCOME, count: 40, dateCreatedFrom: at, dateCreatedTo: at });
    const { pages } = await readAll(call, '/flows/welcome/executions?limit=10');
    expect(pages).toHaveLength(4);
    expect(studio.requests).toHaveLength(4);
  });

  test('deletes and arrivals between two pages skip nothing and repeat nothing, even with offset tokens', async () => {
    const { call, studio } = await startApi({ behaviour: { pageToken: 'offset', arrivalsPerList: 2 } });
    studio.store.seed({ flowSid: WELCOME, count: 200 });
    const before = [...studio.store.list()].map(({ sid }) => sid);
    const deleted = new Set<string>();
    const { sids } = await readAll(call, '/flows/welcome/executions?limit=9', ({ body }) => {
      // What was just handed out goes away: an offset would now skip as many.
      for (const { sid } of body.executions.slice(0, 5)) {
        studio.store.delete(sid);
        deleted.add(sid);
      }
    });
    expect(new Set(sids).size).toBe(sids.length);
    expect(before.filter((sid) => !sids.includes(sid))).toEqual([]);
    expect(deleted.size).toBeGreaterThan(100);
  });

  test('a full last page is not followed by an empty one', async () => {
    const { call, studio } = await startApi();
    studio.store.seed({ flowSid: WELCOME, count: 10 });
    const { pages } = await readAll(call, '/flows/welcome/executions?limit=5');
    expect(pages.map((page) => page.length)).toEqual([5, 5]);
  });

  test('the window is from on, to before, whatever the zone it is written in', async () => {
    const { call, studio } = await startApi();
    for (const hour of [8, 9, 10])
      studio.store.seed({
        flowSid: WELCOME,
        count: 1,
        dateCreatedFrom: `2026-11-21T${String(hour).padStart(2, '0')}:00:00Z`,
        dateCreatedTo: `2026-11-21T${String(hour).padStart(2, '0')}:00:00Z`,
      });
    const { body } = await call(
      'GET /flows/welcome/executions?dateCreatedFrom=2026-11-21T09:00:00+01:00&dateCreatedTo=2026-11-21T10:00:00Z',
      { headers: reader },
    );
    expect(body.executions.map((one: { dateCreated: string }) => one.dateCreated)).toEqual([
      '2026-11-21T09:00:00Z',
      '2026-11-21T08:00:00Z',
    ]);
  });

  test('a contact is found with bounded work a request, and cursors lead on over empty pages', async () => {
    const { call, studio } = await startApi();
    studio.store.seed({
      flowSid: WELCOME,
      count: 1,
      contact: '+15005550006',
      dateCreatedTo: '2026-11-10T00:00:00Z',
    });
    studio.store.seed({ flowSid: WELCOME, count: 12_000, dateCreatedFrom: '2026-11-11T00:00:00Z' });
    const upstream: number[] = [];
    const { pages, sids } = await readAll(call, '/flows/welcome/executions?contact=+15005550006', () => {
      upstream.push(studio.requests.length);
    });
    expect(sids).toHaveLength(1);
    expect(pages[0]).toEqual([]);
    expect(Math.max(...upstream.map((count, at) => count - (upstream[at - 1] ?? 0)))).toBeLessThanOrEqual(10);
  });

  test('a list that never ends upstream ends in 502', async () => {
    const { call } = await startApi({ behaviour: { paging: 'empty-pages' } });
    let cursor = '';
    let last: Reply | undefined;
    for (let request = 0; request < 200 && last?.status !== 502; request++) {
      last = await call(`GET /flows/welcome/executions${cursor}`, { headers: admin });
      cursor = `?cursor=${last.body.nextCursor}`;
    }
    expect(last?.body.type).toBe('/problems/studio-answered-nonsense');
  });

  test('a flow that Studio does not know is unknown', async () => {
    const { call } = await startApi({ flows: [] });
    const { status, body } = await call('GET /flows/welcome/executions', { headers: reader });
    expect([status, body.type]).toEqual([404, '/problems/unknown-flow']);
  });
});

describe('the executions of every flow', () => {
  test.each(['keyset', 'offset'] as const)('are merged newest first, with %s tokens', async (pageToken) => {
    const { call, studio } = await startApi({ behaviour: { pageToken } });
    studio.store.seed({
      flowSid: WELCOME,
      count: 60,
      dateCreatedFrom: '2026-11-20T00:00:00Z',
      dateCreatedTo: '2026-11-21T00:00:00Z',
    });
    studio.store.seed({
      flowSid: SURVEY,
      count: 300,
      dateCreatedFrom: '2026-11-20T12:00:00Z',
      dateCreatedTo: '2026-11-20T13:00:00Z',
    });
    const { sids } = await readAll(call, '/executions?limit=11');
    expect(new Set(sids).size).toBe(360);
    expect(sids).toHaveLength(360);
    const dates = sids.map((sid) => studio.store.find(sid)?.dateCreated ?? '');
    expect(dates).toEqual(dates.toSorted().reverse());
  });

  test('ties over both flows of more than a cursor can name are read once each', async () => {
    const { call, studio } = await startApi({ behaviour: { pageToken: 'offset' } });
    const at = '2026-11-21T00:00:00Z';
    for (const flowSid of [WELCOME, SURVEY])
      studio.store.seed({ flowSid, count: 300, dateCreatedFrom: at, dateCreatedTo: at });
    const { sids } = await readAll(call, '/executions?limit=37');
    expect(sids).toHaveLength(600);
    expect(new Set(sids).size).toBe(600);
  });

  test('a flow that was read to its end is not asked for again', async () => {
    const { call, studio } = await startApi();
    studio.store.seed({ flowSid: SURVEY, count: 100, dateCreatedTo: '2026-11-22T09:00:00Z' });
    studio.store.seed({ flowSid: WELCOME, count: 1, dateCreatedFrom: '2026-11-22T09:59:00Z' });
    expect((await readAll(call, '/executions?limit=10')).sids).toHaveLength(101);
    const paths = studio.requests.map(({ path }) => path);
    expect(paths.filter((path) => path.includes(WELCOME))).toHaveLength(1);
  });

  test('a caller with flows of its own sees these only', async () => {
    const { call, studio } = await startApi();
    studio.store.seed({ flowSid: WELCOME, count: 3 });
    studio.store.seed({ flowSid: SURVEY, count: 2 });
    const { body } = await call('GET /executions', { headers: surveyor });
    expect(body.executions.map(({ flow }: { flow: string }) => flow)).toEqual(['survey', 'survey']);
    expect(studio.requests.every(({ path }) => path.includes(SURVEY))).toBe(true);
  });

  test('a flow that is gone upstream does not hide the others', async () => {
    const { call, studio } = await startApi({ flows: [{ sid: SURVEY }] });
    studio.store.seed({ flowSid: SURVEY, count: 30 });
    expect((await readAll(call, '/executions?limit=8')).sids).toHaveLength(30);
  });
});

describe('a cursor', () => {
  test('holds its filters: repeated or left out they hold, another one is refused', async () => {
    const { call, studio } = await startApi();
    studio.store.seed({ flowSid: WELCOME, count: 20, activeShare: 0.5 });
    const first = await call('GET /flows/welcome/executions?status=active&limit=3', { headers: admin });
    const { nextCursor } = first.body;
    for (const beside of ['', '&status=active', '&limit=5']) {
      const { status, body } = await call(`GET /flows/welcome/executions?cursor=${nextCursor}${beside}`, {
        headers: admin,
      });
      expect(status).toBe(200);
      expect(new Set(body.executions.map((one: { status: string }) => one.status))).toEqual(
        new Set(['active']),
      );
    }
    for (const beside of ['&status=ended', '&contact=x', '&dateCreatedTo=2026-11-22']) {
      const { status, body } = await call(`GET /flows/welcome/executions?cursor=${nextCursor}${beside}`, {
        headers: admin,
      });
      expect([status, body.type]).toEqual([422, '/problems/invalid-request']);
      expect(body.errors[0].pointer).toBe('?cursor');
    }
  });

  test('is of its route, its flow and its caller’s flows, and of nobody’s making', async () => {
    const { call, studio } = await startApi();
    studio.store.seed({ flowSid: WELCOME, count: 5 });
    studio.store.seed({ flowSid: SURVEY, count: 5 });
    const { nextCursor } = (await call('GET /executions?limit=2', { headers: admin })).body;
    const flipped = `${nextCursor.slice(0, -3)}${nextCursor.at(-3) === 'A' ? 'B' : 'A'}${nextCursor.slice(-2)}`;
    const requestsBefore = studio.requests.length;
    for (const [target, headers] of [
      [`/flows/welcome/executions?cursor=${nextCursor}`, admin],
      [`/executions?cursor=${nextCursor}`, surveyor],
      [`/executions?cursor=${flipped}`, admin],
      [`/executions?cursor=${nextCursor}A`, admin],
      ['/executions?cursor=eyJhIjoxfQ.AAAA', admin],
      ['/executions?cursor=', admin],
    ] as const) {
      const { status, body } = await call(`GET ${target}`, { headers });
      expect([target, status]).toEqual([target, 422]);
      expect(body.errors[0].pointer).toBe('?cursor');
    }
    expect(studio.requests.length).toBe(requestsBefore);
  });

  test('shows nothing of the contact that it carries', async () => {
    const { call, studio } = await startApi();
    studio.store.seed({ flowSid: WELCOME, count: 5, contact: '+15005550006' });
    const { body } = await call('GET /executions?limit=2&contact=%2B15005550006', { headers: admin });
    expect(Buffer.from(body.nextCursor, 'base64url').toString('latin1')).not.toContain('5005550006');
  });
});
