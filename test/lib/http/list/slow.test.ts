import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { checkConfig } from '../../../../lib/config/configuration.ts';
import { listFlows } from '../../../../lib/http/handlers/list-flows.ts';
import { listSteps } from '../../../../lib/http/handlers/list-steps.ts';
import { MAX_CURSOR_CHARACTERS } from '../../../../lib/http/schemas/query.ts';
import type { Flow, Step } from '../../../../lib/studio/types.ts';
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

/** An execution of 300 steps. */
function stepsApi() {
  const sids = Array.from({ length: 300 }, (_, index) => `FT${index.toString(16).padStart(32, '0')}`);
  const upstream = { sids };
  const list = () => ({
    async *[Symbol.asyncIterator]() {
      // What the list needs of each.
      for (const sid of upstream.sids) yield { sid } as Step;
    },
  });
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
  ['with one cursor', 299],
  ['page by page', 17],
  ['on one page', 300],
])('300 steps are read once each, %s', async (_, limit) => {
  const { call, upstream } = stepsApi();
  const steps = await follow<{ sid: string }>(call, `${STEPS}?limit=${limit}`, 'steps');
  expect(sidsOf(steps)).toEqual(upstream.sids);
});

test('steps are found again where they have moved', async () => {
  const moved = stepsApi();
  const first = await get(moved.call, `${STEPS}?limit=45`);
  moved.upstream.sids = [
    ...Array.from({ length: 30 }, (_, n) => `FT${'f'.repeat(30)}${n + 10}`),
    ...moved.upstream.sids,
  ];
  const second = await get(moved.call, `${STEPS}?limit=45&cursor=${first.body.nextCursor}`);
  expect(sidsOf(second.body.steps)).toEqual(moved.upstream.sids.slice(75, 120));
});

test('a cursor whose step is gone is refused', async () => {
  const { call, upstream } = stepsApi();
  const first = await get(call, `${STEPS}?limit=45`);
  upstream.sids = upstream.sids.slice(100);
  const { status, body } = await get(call, `${STEPS}?limit=45&cursor=${first.body.nextCursor}`);
  expect([status, body.errors[0].pointer]).toEqual([422, '?cursor']);
});
