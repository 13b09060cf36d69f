import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { SimulatedStudio } from '../../../../infra/simulator/options.ts';
import { startSimulatedStudio } from '../../../../infra/simulator/server.ts';
import { createStudio, type Studio } from '../../../../lib/studio/client.ts';
import type { ListExecutionsQuery } from '../../../../lib/studio/types.ts';
import { judgeExchange } from '../../../judges/openapi.ts';
import { createTwilioSdk } from '../../../judges/twilio-sdk.ts';
import { ACCOUNT, collect } from '../../../support/studio/stories.ts';

/** One suite over both: this client, and Twilio's own Node SDK as it is. */

const FLOW = `FW${'a'.repeat(32)}`;
const EMPTY_FLOW = `FW${'b'.repeat(32)}`;
const NOON = Date.parse('2026-11-20T12:00:00Z');
const COUNT = 137;

let simulated: SimulatedStudio;
let studio: Studio;
/** What there is, newest first. */
let sids: string[];
const verdicts: string[] = [];

beforeAll(async () => {
  simulated = await startSimulatedStudio({
    now: () => NOON,
    flows: [{ sid: FLOW }, { sid: EMPTY_FLOW }],
    behaviour: { maxInFlight: null },
    onExchange: (exchange) => verdicts.push(...judgeExchange(exchange)),
  });
  simulated.store.seed({
    flowSid: FLOW,
    count: COUNT,
    activeShare: 0.3,
    dateCreatedFrom: '2026-11-20T11:00:00Z',
  });
  studio = createStudio({ ...ACCOUNT, baseUrl: simulated.url });
  sids = await ours({ pageSize: 1_000 });
});

afterAll(async () => {
  await studio.close();
  await simulated.close();
  // Whatever either of them asked for, and what it was answered, by Twilio's document.
  expect(verdicts).toEqual([]);
});

async function ours(query: ListExecutionsQuery, flow = FLOW): Promise<string[]> {
  const all: string[] = [];
  for await (const { sid } of studio.executions.list(flow, query)) all.push(sid);
  return all;
}

async function theirs(query: ListExecutionsQuery, flow = FLOW): Promise<string[]> {
  const { dateCreatedFrom, dateCreatedTo, ...rest } = query;
  const executions = await createTwilioSdk(simulated.url)
    .v2.flows(flow)
    .executions.list({
      ...rest,
      ...(dateCreatedFrom === undefined ? {} : { dateCreatedFrom: new Date(dateCreatedFrom) }),
      ...(dateCreatedTo === undefined ? {} : { dateCreatedTo: new Date(dateCreatedTo) }),
    });
  // Their instances lose the SID (6.2); the URL has it.
  return executions.map(({ url }) => url.slice(-34));
}

/** The queries of the requests that `work` makes, without their page tokens, and with what it answers. */
async function watched<T>(work: Promise<T>) {
  const queries: Record<string, string>[] = [];
  const stop = simulated.watch(({ url }) => {
    const { PageToken: _, Page: __, ...query } = Object.fromEntries(new URL(url).searchParams);
    queries.push(query);
  });
  const answer = await work;
  stop();
  return { answer, queries };
}

describe.each([
  ['this client', ours],
  ['Twilio’s Node SDK', theirs],
])('a list by %s', (_, list) => {
  test('has everything once, newest first', async () => {
    const all = await list({});
    expect(all).toEqual(sids);
    expect(new Set(all).size).toBe(COUNT);
  });

  test.each([1, 7, 50, 136, 137, 138, 1_000])('has everything in pages of %i', async (pageSize) => {
    expect(await list({ pageSize })).toEqual(sids);
  });

  test.each([1, 49, 50, 51, 136, 137, 138, 1_000])('ends at its limit of %i', async (limit) => {
    expect(await list({ limit })).toEqual(sids.slice(0, limit));
  });

  test.each([
    [1, 3],
    [3, 1],
    [10, 10],
    [7, 20],
    [50, 120],
  ])('in pages of %i ends at its limit of %i', async (pageSize, limit) => {
    expect(await list({ pageSize, limit })).toEqual(sids.slice(0, limit));
  });

  test('keeps to its dates: from the first moment to before the last', async () => {
    const range = { dateCreatedFrom: '2026-11-20T11:20:00Z', dateCreatedTo: '2026-11-20T11:40:00Z' };
    const wanted = [...simulated.store.list({ flowSid: FLOW, ...range })].map(({ sid }) => sid);
    const found = await list(range);
    expect(found.length).toBeGreaterThan(40);
    expect([...found].sort()).toEqual([...wanted].sort());
    expect(sids.join()).toContain(found.join());
  });

  test.each(['active', 'ended'] as const)('has only the %s ones when asked', async (status) => {
    const wanted = [...simulated.store.list({ flowSid: FLOW, status })].map(({ sid }) => sid);
    expect(wanted.length).toBeGreaterThan(30);
    expect((await list({ status, pageSize: 20 })).sort()).toEqual(wanted.sort());
    expect(await list({ status, limit: 25 })).toHaveLength(25);
  });

  test('of a flow without executions is empty', async () => {
    expect(await list({}, EMPTY_FLOW)).toEqual([]);
  });

  test('of a flow that is not there fails', async () => {
    await expect(list({}, `FW${'c'.repeat(32)}`)).rejects.toMatchObject({ status: 404, code: 20404 });
  });
});

/** Page by page, and from the second page on once more, by its URL alone. */
type Pages = { pages: string[][]; again: string[][] };

async function ourPages(pageSize: number): Promise<Pages> {
  const list = studio.executions.list(FLOW, { pageSize });
  const pages = await collect(list.pages());
  const fromPageUrl = pages[0]?.nextPageUrl;
  const again = fromPageUrl ? await collect(list.pages({ fromPageUrl })) : [];
  const sidsOf = (found: typeof pages) => found.map(({ items }) => items.map(({ sid }) => sid));
  return { pages: sidsOf(pages), again: sidsOf(again) };
}

async function theirPages(pageSize: number): Promise<Pages> {
  const executions = createTwilioSdk(simulated.url).v2.flows(FLOW).executions;
  const first = await executions.page({ pageSize });
  type TheirPage = Awaited<ReturnType<typeof first.nextPage>>;
  const walk = async (from: TheirPage) => {
    const found: string[][] = [];
    for (let page = from; page; page = await page.nextPage())
      found.push(page.instances.map(({ url }) => url.slice(-34)));
    return found;
  };
  const pages = await walk(first);
  const { nextPageUrl } = first;
  return { pages, again: nextPageUrl ? await walk(await executions.getPage(nextPageUrl)) : [] };
}

describe.each([
  ['this client', ourPages],
  ['Twilio’s Node SDK', theirPages],
])('pages by %s', (_, pagesOf) => {
  test.each([1_000, 137, 100, 50, 30])(
    'of %i are full but for the last, and continue from their URLs',
    async (pageSize) => {
      const { pages, again } = await pagesOf(pageSize);
      expect(pages.flat()).toEqual(sids);
      expect(pages.slice(0, -1).every((page) => page.length === pageSize)).toBe(true);
      expect(again).toEqual(pages.slice(1));
    },
  );
});

describe('both', () => {
  test.each<ListExecutionsQuery>([
    {},
    { pageSize: 20 },
    { limit: 10 },
    { limit: 60, pageSize: 20 },
    { limit: 40, pageSize: 20 },
    { status: 'active', pageSize: 20 },
    { dateCreatedFrom: '2026-11-20T11:20:00Z', pageSize: 30 },
  ])('make the same requests for %j', async (query) => {
    const our = await watched(ours(query));
    const their = await watched(theirs(query));
    expect(our.answer).toEqual(their.answer);
    expect(our.queries).toEqual(their.queries);
  });
});
