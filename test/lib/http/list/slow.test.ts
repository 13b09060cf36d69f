import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { checkConfig } from '../../../../lib/config/configuration.ts';
import { listFlows } from '../../../../lib/http/handlers/list-flows.ts';
import { listSteps } from '../../../../lib/http/handlers/list-steps.ts';
import { MAX_CURSOR_CHARACTERS } from '../../../../lib/http/schemas/query.ts';
import { StudioError } from '../../../../lib/studio/errors.ts';
import type { Flow, Listing, Step } from '../../../../lib/studio/types.ts';
import { admin, apiOver, NOW, type Reply, secretSource, WELCOME } from '../../../support/http/api.ts';
import { arrival } from './upstream.ts';

beforeEach(() => void vi.useFakeTimers({ now: NOW, toFake: ['setTimeout', 'clearTimeout', 'Date'] }));
afterEach(() => void vi.useRealTimers());

type Call = ReturnType<typeof apiOver>['call'];

async function get(call: Call, path: string): Promise<Reply> {
  const reply = call(`GET ${path}`, { headers: admin });
  await vi.runAllTimersAsync();
  return reply;
}

/** Follows cursors to the end: each answer is a success that has something. */
async function follow<Item>(call: Call, path: string, name: string): Promise<Item[]> {
  const items: Item[] = [];
  for (let cursor = ''; ; ) {
    const { status, body, text } = await get(call, `${path}${cursor}`);
    expect([status, text.slice(0, 200)]).toEqual([200, expect.anything()]);
    expect(body[name]).not.toEqual([]);
    items.push(...body[name]);
    if (body.nextCursor === null) return items;
    expect(body.nextCursor.length).toBeLessThanOrEqual(MAX_CURSOR_CHARACTERS);
    cursor = `${path.includes('?') ? '&' : '?'}cursor=${body.nextCursor}`;
  }
}

function flowsApi(flowMs: (index: number) => number | 'never') {
  const sids = Array.from({ length: 20 }, (_, index) => `FW${index.toString(16).padStart(32, '0')}`);
  const config = checkConfig({ flows: sids.map((sid, index) => ({ alias: `flow${index}`, sid })) });
  const fetch = async (sid: string, { signal }: { signal?: AbortSignal } = {}) => {
    await arrival(flowMs(sids.indexOf(sid)), signal);
    // What the list needs of it.
    return { sid, friendlyName: sid } as Flow;
  };
  const secret = secretSource();
  const runtime = { config, secret, studio: { flows: { fetch } as never } };
  return { sids, ...apiOver({ 'GET /flows': (request) => listFlows(runtime, request) }, { config, secret }) };
}

test('20 flows that take 9.9 s each are listed over several requests', async () => {
  const { call, sids } = flowsApi(() => 9_900);
  const flows = await follow<{ sid: string; isKnown: boolean }>(call, '/flows', 'flows');
  expect(flows.map(({ sid }) => sid)).toEqual(sids);
  expect(flows.every(({ isKnown }) => isKnown)).toBe(true);
});

test('a flow that does not come ends a page before it, and is a 503 where it comes first', async () => {
  const { call } = flowsApi((index) => (index === 7 ? 'never' : 10));
  const first = await get(call, '/flows');
  expect(first.body.flows.map(({ alias }: { alias: string }) => alias).at(-1)).toBe('flow6');
  const second = await get(call, `/flows?cursor=${first.body.nextCursor}`);
  expect([second.status, second.body.type]).toEqual([503, '/problems/studio-unavailable']);
});

const EXECUTION = `FN${'1'.repeat(32)}`;
const STEPS = `/flows/welcome/executions/${EXECUTION}/steps`;

/** 300 steps, at most `most` to a page. */
function stepsApi(most: number, { pageMs = 0, tokenCharacters = 0 } = {}) {
  const sids = Array.from({ length: 300 }, (_, index) => `FT${index.toString(16).padStart(32, '0')}`);
  const upstream = { sids, areTokensTaken: true };
  const list = (
    _flow: string,
    _execution: string,
    { pageSize }: { pageSize: number },
    { signal }: { signal: AbortSignal },
  ): Listing<Step> => {
    const pages: Listing<Step>['pages'] = async function* ({ fromPageUrl } = {}) {
      const asked = new URLSearchParams(fromPageUrl);
      const size = Number(asked.get('size') ?? Math.min(pageSize, most));
      for (let at = Number(asked.get('at') ?? 0); ; at += size) {
        await arrival(pageMs, signal);
        if (fromPageUrl && !upstream.areTokensTaken)
          throw new StudioError('rejected', 'Invalid page token', { operation: 'ListStep', status: 400 });
        // What the list needs of each.
        const items = upstream.sids.slice(at, at + size).map((sid) => ({ sid }) as Step);
        const next = `?at=${at + size}&size=${size}&pad=${'x'.repeat(tokenCharacters)}`;
        const isLast = at + size >= upstream.sids.length;
        yield { items, nextPageUrl: isLast ? null : `https://studio.example/${next}` };
        if (isLast) return;
      }
    };
    return { pages } as Listing<Step>;
  };
  const runtime = { secret: secretSource(), studio: { steps: { list } as never } };
  const config = checkConfig({ flows: [{ alias: 'welcome', sid: WELCOME }] });
  const handlers = {
    'GET /flows/{flow}/executions/{execution}/steps': (request: Parameters<typeof listSteps>[1]) =>
      listSteps(runtime, request),
  };
  return { upstream, ...apiOver(handlers, { config }) };
}

const sidsOf = (steps: readonly { sid: string }[]) => steps.map(({ sid }) => sid);

test.each([
  ['with one cursor', 1_000],
  ['page by page', 17],
])('300 steps on slow pages of 20 are read once each, %s', async (_, limit) => {
  const { call, upstream } = stepsApi(20, { pageMs: 5_200 });
  const steps = await follow<{ sid: string }>(call, `${STEPS}?limit=${limit}`, 'steps');
  expect(sidsOf(steps)).toEqual(upstream.sids);
});

test('steps are found again where they have moved to other pages, or the page is too long for a cursor', async () => {
  const moved = stepsApi(20);
  const first = await get(moved.call, `${STEPS}?limit=45`);
  moved.upstream.sids = [
    ...Array.from({ length: 30 }, (_, n) => `FT${'f'.repeat(30)}${n + 10}`),
    ...moved.upstream.sids,
  ];
  const second = await get(moved.call, `${STEPS}?limit=45&cursor=${first.body.nextCursor}`);
  expect(sidsOf(second.body.steps)).toEqual(moved.upstream.sids.slice(75, 120));

  const long = stepsApi(20, { tokenCharacters: 3_500 });
  const steps = await follow<{ sid: string }>(long.call, `${STEPS}?limit=45`, 'steps');
  expect(sidsOf(steps)).toEqual(long.upstream.sids);
});

test('steps are read from their beginning where the page token of a cursor is refused', async () => {
  const { call, upstream } = stepsApi(20);
  const first = await get(call, `${STEPS}?limit=45`);
  upstream.areTokensTaken = false;
  const second = await get(call, `${STEPS}?limit=45&cursor=${first.body.nextCursor}`);
  expect(sidsOf(second.body.steps)).toEqual(upstream.sids.slice(45, 90));
});
