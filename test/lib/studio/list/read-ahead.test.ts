import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, test } from 'vitest';
import { collectUntilError, LIST, listOf, page } from '../../../support/studio/lists.ts';
import { collect, EXECUTION, execution, FLOW, sidOf, story } from '../../../support/studio/stories.ts';

describe('reading ahead', () => {
  test('asks for the next page while the first is worked on', async () => {
    const { studio, requests } = await story(listOf(4));
    for await (const { sid } of studio.executions.list(FLOW, { pageSize: 2 })) {
      if (sid !== sidOf(0)) continue;
      while (requests.length < 2) await new Promise((resolve) => setTimeout(resolve, 1));
    }
    expect(requests).toHaveLength(2);
  });

  test('is not led astray by somebody’s text that looks like the next page', async () => {
    const { studio, requests } = await story((seen, index) => {
      const reply = listOf(4)(seen, index);
      const context = { next_page_url: `${LIST}?PageToken=3`, quote: '"next_page_url":"' };
      if (typeof reply === 'function') return reply;
      return { ...reply, body: { before: context, ...Object(reply.body) } };
    });
    const found = await collect(studio.executions.list(FLOW, { pageSize: 2 }));
    expect(found.map(({ sid }) => sid)).toEqual([0, 1, 2, 3].map((at) => sidOf(at)));
    expect(requests.length).toBeLessThanOrEqual(5);
  });

  // Before the time for a try is over, which would close it as well.
  test('is closed with an iteration that is abandoned', { timeout: 5_000 }, async () => {
    let closed: () => void = () => undefined;
    const isClosed = new Promise<void>((resolve) => {
      closed = resolve;
    });
    const { studio, requests } = await story([
      page([sidOf(0)], `${LIST}?PageToken=1`),
      (response) => void response.on('close', closed),
    ]);
    for await (const _ of studio.executions.list(FLOW)) {
      while (requests.length < 2) await new Promise((resolve) => setTimeout(resolve, 1));
      break;
    }
    await isClosed;
  });

  test('that fails is told when its page’s turn comes, not before', async () => {
    const { studio, requests } = await story([
      page([sidOf(0), sidOf(1)], `${LIST}?PageToken=1`),
      { status: 400, body: { code: 21481, message: 'Invalid page token' } },
    ]);
    const seen: string[] = [];
    const walk = async () => {
      for await (const { sid } of studio.executions.list(FLOW)) {
        seen.push(sid);
        while (requests.length < 2) await new Promise((resolve) => setTimeout(resolve, 1));
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    };
    await expect(walk()).rejects.toMatchObject({ kind: 'rejected', code: 21481 });
    expect(seen).toEqual([sidOf(0), sidOf(1)]);
  });

  test('ends with the caller’s signal', async () => {
    const caller = new AbortController();
    const { studio } = await story([page([sidOf(0)], `${LIST}?PageToken=1`), () => caller.abort()]);
    const { all, error } = await collectUntilError(
      studio.executions.list(FLOW, {}, { signal: caller.signal }),
    );
    expect(error).toMatchObject({ kind: 'aborted' });
    expect(all).toHaveLength(1);
  });
});

describe('memory', () => {
  test('stays flat over a list of 200,000, pages of 1,000', async () => {
    const one = JSON.stringify(execution(EXECUTION));
    const { studio } = await story((seen) => (response) => {
      const from = Number(new URL(seen.url, 'http://localhost').searchParams.get('PageToken') ?? 0);
      const next = from + 1_000 < 200_000 ? JSON.stringify(`${LIST}?PageToken=${from + 1_000}`) : 'null';
      const items = Array.from({ length: 1_000 }, (_, at) => one.replace(EXECUTION, sidOf(from + at)));
      response.end(`{"meta":{"next_page_url":${next}},"executions":[${items}]}`);
    });
    let listed = 0;
    let earlyBytes = 0;
    for await (const { items } of studio.executions.list(FLOW, { pageSize: 1_000 }).pages()) {
      listed += items.length;
      if (listed === 20_000) earlyBytes = settledHeapBytes();
    }
    expect(listed).toBe(200_000);
    expect(settledHeapBytes() - earlyBytes).toBeLessThan(8 * 1024 * 1024);
  });
});

/** What is left on the heap when everything that can be thrown away has been. */
function settledHeapBytes(): number {
  setFlagsFromString('--expose-gc');
  runInNewContext('gc')();
  return process.memoryUsage().heapUsed;
}
