import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { collectUntilError, LIST, listOf, page } from '../../../support/studio/lists.ts';
import {
  collect,
  execution,
  FLOW,
  sidOf,
  story,
  type Teller,
  throttled,
} from '../../../support/studio/stories.ts';

describe('a list', () => {
  test('has every execution once and in order, whatever the page size, the limit and the reading ahead', async () => {
    let total = 0;
    const { studio, requests } = await story((seen, index) => listOf(total)(seen, index));
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: 30 }),
        fc.integer({ min: 1, max: 12 }),
        fc.option(fc.integer({ min: 1, max: 40 }), { nil: undefined }),
        fc.boolean(),
        async (count, pageSize, limit, readAhead) => {
          total = count;
          requests.length = 0;
          const query = { pageSize, ...(limit === undefined ? {} : { limit }) };
          const sids = (await collect(studio.executions.list(FLOW, query, { readAhead }))).map(
            ({ sid }) => sid,
          );
          const wanted = Math.min(total, limit ?? total);
          expect(sids).toEqual(Array.from({ length: wanted }, (_, at) => sidOf(at)));
          // Not one page more than is needed; an empty list is one page, too.
          expect(requests).toHaveLength(Math.max(1, Math.ceil(wanted / pageSize)));
        },
      ),
      { numRuns: 60 },
    );
  });

  test('asks for no more to a page than its limit, unless told', async () => {
    const { studio, requests } = await story(listOf(9));
    await collect(studio.executions.list(FLOW, { limit: 3 }));
    await collect(studio.executions.list(FLOW, { limit: 5_000 }));
    await collect(studio.executions.list(FLOW, { limit: 3, pageSize: 2 }));
    expect(requests.map(({ url }) => url.slice(LIST.length))).toEqual([
      '?PageSize=3',
      '?PageSize=1000',
      '?PageSize=2',
      '?PageSize=2&PageToken=2',
    ]);
  });

  test.each([
    { pageSize: 0 },
    { pageSize: 1_001 },
    { pageSize: 1.5 },
    { limit: 0 },
    { limit: -1 },
    { limit: 1.5 },
  ])('refuses %j', async (query) => {
    const { studio, requests } = await story(listOf(9));
    expect(() => studio.executions.list(FLOW, query)).toThrow(
      expect.objectContaining({ kind: 'invalid-argument' }),
    );
    expect(requests).toHaveLength(0);
  });

  test('sends the filters under Twilio’s names, dates in whole seconds, rounded outwards', async () => {
    const { studio, requests } = await story(listOf(0));
    await collect(
      studio.executions.list(FLOW, {
        status: 'ended',
        dateCreatedFrom: '2026-11-01T13:00:00.400+02:00',
        dateCreatedTo: '2026-11-02T00:00:00.400Z',
      }),
    );
    const sent = Object.fromEntries(new URL(requests[0]?.url ?? '', 'http://localhost').searchParams);
    expect(sent).toEqual({
      status: 'ended',
      DateCreatedFrom: '2026-11-01T11:00:00Z',
      DateCreatedTo: '2026-11-02T00:00:01Z',
    });
  });

  test('has only what was asked for where Studio ignores the filters, and fills its limit with that', async () => {
    const statuses = ['active', 'ended', null] as const;
    const { studio } = await story((_, index) =>
      index === 0
        ? {
            status: 200,
            body: {
              executions: statuses.map((status, at) => execution(sidOf(at), { status })),
              meta: { next_page_url: `${LIST}?PageToken=2` },
            },
          }
        : page([sidOf(7), sidOf(8)], null, { status: 'ended' }),
    );
    const found = await collect(studio.executions.list(FLOW, { status: 'ended', limit: 3 }));
    // The one without a status stays: it was Studio that put it here.
    expect(found.map(({ sid }) => sid)).toEqual([sidOf(1), sidOf(2), sidOf(7)]);
  });

  test('keeps to its range, from the first moment to before the last', async () => {
    const dates = ['10:59:59Z', '11:00:00Z', '11:59:59Z', '12:00:00Z'];
    const { studio } = await story(() => ({
      status: 200,
      body: {
        executions: dates.map((date, at) => execution(sidOf(at), { date_created: `2026-11-01T${date}` })),
      },
    }));
    const range = { dateCreatedFrom: '2026-11-01T11:00:00Z', dateCreatedTo: '2026-11-01T12:00:00Z' };
    expect((await collect(studio.executions.list(FLOW, range))).map(({ sid }) => sid)).toEqual([
      sidOf(1),
      sidOf(2),
    ]);
  });

  test('refuses a date that is none', async () => {
    const { studio } = await story(listOf(1));
    expect(() => studio.executions.list(FLOW, { dateCreatedTo: 'yesterday' })).toThrow(/ISO 8601/);
  });

  test('does not send the status to v1, which does not know it', async () => {
    const { studio, requests } = await story(() => page([sidOf(1)], null, { status: 'active' }), {
      version: 'v1',
    });
    expect(await collect(studio.executions.list(FLOW, { status: 'ended' }))).toEqual([]);
    expect(requests[0]?.url).toBe(`/v1/Flows/${FLOW}/Executions`);
  });

  test.each([
    ['no meta', { executions: [execution()] }],
    ['an empty next page', { executions: [execution()], meta: { next_page_url: '' } }],
    ['meta that is null', { executions: [execution()], meta: null }],
    ['another key', { meta: { key: 'items', next_page_url: null }, items: [execution()] }],
    ['a key that is not there', { meta: { key: 'items' }, executions: [execution()] }],
  ])('may come with %s', async (_, body) => {
    const { studio } = await story([{ status: 200, body }]);
    expect(await collect(studio.executions.list(FLOW))).toHaveLength(1);
  });

  test('can be walked anew: each iteration begins at the beginning', async () => {
    const { studio, requests } = await story(listOf(1));
    const list = studio.executions.list(FLOW);
    expect(await collect(list)).toHaveLength(1);
    expect(await collect(list)).toHaveLength(1);
    expect(requests).toHaveLength(2);
  });

  test('repeats a page that was throttled, and goes on', async () => {
    const { studio } = await story((seen, index) => (index % 2 === 0 ? throttled : listOf(4)(seen, index)));
    expect(await collect(studio.executions.list(FLOW, { pageSize: 2 }))).toHaveLength(4);
  });
});

describe('pages', () => {
  test('are continued from where an earlier one left off', async () => {
    const { studio } = await story(listOf(5));
    const list = studio.executions.list(FLOW, { pageSize: 2 });
    const [first] = await collect(list.pages());
    expect(first?.items.map(({ sid }) => sid)).toEqual([sidOf(0), sidOf(1)]);
    if (!first?.nextPageUrl) throw new Error('there is more');
    const rest = await collect(list.pages({ fromPageUrl: first.nextPageUrl }));
    expect(rest.map(({ items }) => items.length)).toEqual([2, 1]);
    expect(rest.at(-1)?.nextPageUrl).toBeNull();
  });

  test('are continued only inside the same list', async () => {
    const { studio, requests } = await story(listOf(5));
    for (const fromPageUrl of [
      'http://127.0.0.1:9/v2/Flows',
      'http://[',
      `/v2/Flows/FW${'9'.repeat(32)}/Executions?PageToken=1`,
    ])
      await expect(collect(studio.executions.list(FLOW).pages({ fromPageUrl }))).rejects.toMatchObject({
        kind: 'invalid-argument',
      });
    expect(requests).toHaveLength(0);
  });

  test('are not asked for before their time, unless told', async () => {
    const { studio, requests } = await story(listOf(6));
    for await (const { items } of studio.executions.list(FLOW, { pageSize: 2 }).pages()) {
      await new Promise((resolve) => setTimeout(resolve, 5));
      expect(requests).toHaveLength((Number.parseInt(items[0]?.sid.slice(2) ?? '', 16) + 2) / 2);
    }
  });
});

describe('what a page repeats', () => {
  /** Each page begins with as many of the last ones as were created before it was asked for. */
  const growing = (total: number, perPage: number): Teller => {
    let created = 0;
    return (seen, index) => {
      created += index === 0 ? 0 : perPage;
      const { searchParams } = new URL(seen.url, 'http://localhost');
      const size = Number(searchParams.get('PageSize'));
      const from = Number(searchParams.get('PageToken') ?? 0);
      const sids = Array.from({ length: size }, (_, at) => from + at - created).filter((at) => at < total);
      const next = `${LIST}?PageSize=${size}&PageToken=${from + size}`;
      return page(
        sids.map((at) => sidOf(at)),
        sids.length < size ? null : next,
      );
    };
  };

  test.each([
    ['its last item', 1],
    ['half of it', 5],
    ['more than is on a page', 9],
  ])('is in the list once: %s', async (_, perPage) => {
    const { studio } = await story(growing(300, perPage));
    const all = Array.from({ length: 300 }, (_, at) => sidOf(at));
    expect((await collect(studio.executions.list(FLOW, { pageSize: 10 }))).map(({ sid }) => sid)).toEqual(
      all,
    );
  });

  test('fills no limit', async () => {
    const { studio } = await story(growing(300, 5));
    const found = await collect(studio.executions.list(FLOW, { pageSize: 10, limit: 25 }));
    expect(found.map(({ sid }) => sid)).toEqual(Array.from({ length: 25 }, (_, at) => sidOf(at)));
  });
});

/** Nothing can be there. */
const FOREIGN = 'https://studio.twilio.example';

describe('the URL of the next page', () => {
  test.each([
    ['absolute', (origin: string, path: string) => origin + path],
    ['relative to the host', (_: string, path: string) => path],
    ['relative to the list', (_: string, path: string) => path.slice(path.indexOf('?'))],
    ['on the host that a proxy stands for, which is not asked', (_: string, path: string) => FOREIGN + path],
  ])('may be %s', async (_, tellUrl) => {
    let origin = '';
    const server = await story((seen, index) => listOf(3, (path) => tellUrl(origin, path))(seen, index));
    origin = server.url;
    expect(await collect(server.studio.executions.list(FLOW, { pageSize: 2 }))).toHaveLength(3);
  });

  test('may leave out the prefix of a base URL, which is a proxy’s', async () => {
    const server = await story(listOf(3));
    const { studio, requests } = await story((seen, index) => listOf(3)(seen, index), {
      baseUrl: `${server.url}/proxy/`,
    });
    expect(await collect(studio.executions.list(FLOW, { pageSize: 2 }))).toHaveLength(3);
    expect(requests).toHaveLength(0);
    expect(server.requests.map(({ url }) => url.split('?')[0])).toEqual([`/proxy${LIST}`, `/proxy${LIST}`]);
  });

  test('is followed with its query untouched', async () => {
    const next = `${LIST}?PageToken=PAa%2Bb%20c&Page=1&PageSize=2`;
    const { studio, requests } = await story([page([sidOf(0)], next), page([sidOf(1)], null)]);
    await collect(studio.executions.list(FLOW));
    expect(requests[1]?.url).toBe(next);
  });

  test.each([
    'https://studio.twilio.com.evil.example/v2',
    `ftp://127.0.0.1${LIST}?PageToken=1`,
    'https://127.0.0.1/',
    '//evil.example/v2/Flows',
    'http://user:secret@evil.example/',
    'javascript:alert(1)',
    'http://[',
    `/v2/Flows/FW${'9'.repeat(32)}/Executions?PageToken=1`,
    `${LIST}/../../../Accounts`,
    '/?PageToken=1',
    '/Executions?PageToken=1',
  ])('%s is not followed', async (next) => {
    const { studio, requests } = await story(() => page([sidOf(0)], next));
    const { all, error } = await collectUntilError(studio.executions.list(FLOW));
    expect(error).toMatchObject({ kind: 'nonsense', operation: 'executions.list' });
    expect(all).toHaveLength(0);
    expect(requests).toHaveLength(1);
  });
});

test('the URL of the next page is not followed when it is of absurd length', async () => {
  const { studio } = await story(() => page([sidOf(0)], `${LIST}?PageToken=${'x'.repeat(5_000)}`));
  const { error } = await collectUntilError(studio.executions.list(FLOW));
  expect(error).toMatchObject({ kind: 'nonsense' });
});
