import { describe, expect, test } from 'vitest';
import { collectUntilError, LIST, page } from '../../../support/studio/lists.ts';
import { collect, execution, FLOW, type Reply, sidOf, story } from '../../../support/studio/stories.ts';

describe('a list that would not end', () => {
  test('ends when a page leads to itself', async () => {
    const { studio, requests } = await story(() => page([sidOf(1)], `${LIST}?PageToken=same`));
    const { error } = await collectUntilError(studio.executions.list(FLOW));
    expect(error).toMatchObject({ kind: 'nonsense' });
    expect(requests.length).toBeLessThanOrEqual(2);
  });

  test('ends when its pages go in a circle, before any comes twice', async () => {
    const { studio } = await story((seen) => {
      const at = Number(new URL(seen.url, 'http://localhost').searchParams.get('PageToken') ?? 0);
      return page([sidOf(at)], `${LIST}?PageToken=${at === 40 ? 20 : at + 1}`);
    });
    const { all, error } = await collectUntilError(studio.executions.list(FLOW));
    expect(error).toMatchObject({ kind: 'nonsense' });
    expect(new Set(all.map(({ sid }) => sid)).size).toBe(all.length);
  });

  test('ends when its pages go in a long circle', async () => {
    const { studio, requests } = await story((seen) => {
      const at = Number(new URL(seen.url, 'http://localhost').searchParams.get('PageToken') ?? 0);
      return page([sidOf(at)], `${LIST}?PageToken=${(at + 1) % 1_100}`);
    });
    const { error } = await collectUntilError(studio.executions.list(FLOW));
    expect(error).toMatchObject({ kind: 'nonsense' });
    expect(requests.length).toBeLessThan(3 * 1_100);
  });

  test('gives nothing out twice in a circle of more items than are remembered', async () => {
    const { studio, requests } = await story((seen) => {
      const at = Number(new URL(seen.url, 'http://localhost').searchParams.get('PageToken') ?? 0);
      const sids = Array.from({ length: 100 }, (_, index) => sidOf(100 * at + index));
      return page(sids, `${LIST}?PageToken=${at === 29 ? 1 : at + 1}`);
    });
    const { all, error } = await collectUntilError(studio.executions.list(FLOW));
    expect(error).toMatchObject({ kind: 'nonsense' });
    expect(new Set(all.map(({ sid }) => sid)).size).toBe(all.length);
    expect(requests.length).toBeLessThanOrEqual(31);
  });

  test('ends when the same items come under ever new URLs, and gives them out once', async () => {
    const { studio, requests } = await story((_, index) =>
      page([sidOf(1), sidOf(2)], `${LIST}?Page=${index + 1}`),
    );
    const { all, error } = await collectUntilError(studio.executions.list(FLOW));
    expect(error).toMatchObject({ kind: 'nonsense' });
    expect(all).toHaveLength(2);
    expect(requests.length).toBeLessThan(8);
  });

  test('ends when no page has anything on it', async () => {
    const { studio, requests } = await story((_, index) => page([], `${LIST}?Page=${index + 1}`));
    const { error } = await collectUntilError(studio.executions.list(FLOW));
    expect(error).toMatchObject({ kind: 'nonsense' });
    expect(requests.length).toBeLessThan(1_100);
  });

  test('but goes on over a page that came again because as much as a page was created meanwhile', async () => {
    const { studio } = await story((_, index) =>
      page(index < 2 ? [sidOf(1)] : [sidOf(2)], index === 2 ? null : `${LIST}?Page=${index + 1}`),
    );
    expect((await collect(studio.executions.list(FLOW))).map(({ sid }) => sid)).toEqual([sidOf(1), sidOf(2)]);
  });

  test('but goes on over revisions, all of which have the flow’s SID', async () => {
    const { studio } = await story((_, index) => ({
      status: 200,
      body: {
        revisions: [{ sid: FLOW, revision: 9 - index }],
        meta: { next_page_url: index === 6 ? null : `/v2/Flows/${FLOW}/Revisions?Page=${index + 1}` },
      },
    }));
    const revisions = await collect(studio.revisions.list(FLOW));
    expect(revisions.map(({ revision }) => revision)).toEqual([9, 8, 7, 6, 5, 4, 3]);
  });
});

describe('a page that is none', () => {
  test.each([
    ['HTML', { status: 200, body: '<html>' }],
    ['truncated JSON', { status: 200, body: '{"executions": [' }],
    ['an object without a list', { status: 200, body: { meta: { next_page_url: null } } }],
    ['a list that is no array', { status: 200, body: { executions: {} } }],
    ['an item without a SID', { status: 200, body: { executions: [execution(), { sid: null }] } }],
    ['a next page that is no text', { status: 200, body: { executions: [], meta: { next_page_url: 7 } } }],
  ] as [string, Reply][])('(%s) is nonsense, after what came before it', async (_, broken) => {
    const { studio } = await story([page([sidOf(0)], `${LIST}?PageToken=1`), broken]);
    const { all, error } = await collectUntilError(studio.executions.list(FLOW));
    expect(error).toMatchObject({ kind: 'nonsense' });
    expect(all).toHaveLength(1);
  });

  test('(without an end) is ended by the time for a page', async () => {
    const { studio } = await story([
      (response) => {
        response.writeHead(200, { 'content-type': 'application/json' });
        const drip = setInterval(() => response.write('{"executions": [ '), 5);
        response.on('close', () => clearInterval(drip));
      },
    ]);
    const { error } = await collectUntilError(studio.executions.list(FLOW, {}, { timeoutMs: 80 }));
    expect(error).toMatchObject({ kind: 'timeout' });
  });
});
