import { describe, expect, test } from 'vitest';
import { createFailureStore } from '../../../../lib/aws/table/failures.ts';
import type { FailedItem } from '../../../../lib/purge/batch/batch.ts';
import type { FailureStore, KnownFailure } from '../../../../lib/purge/engine/ports.ts';
import { createMemoryFailures } from '../../../support/purge/ports/failures.ts';
import { tableOfFile } from '../../../support/table.ts';

const table = await tableOfFile();

const at = (second: number) => new Date(Date.UTC(2026, 0, 1) + second * 1_000).toISOString();

function failedOf(number: number, created: string | null = at(number)): FailedItem {
  return {
    sid: `FN${String(number).padStart(32, '0')}`,
    created,
    active: false,
    archived: false,
    reason: 'delete: rejected (20001)',
    transient: false,
    possibleEffect: 'nothing',
    round: 0,
  };
}

let ids = 0;
const stores: [string, () => FailureStore][] = [
  ['the table', () => createFailureStore(table, () => Date.UTC(2026, 0, 1))],
  ['the memory of the tests', () => createMemoryFailures()],
];

async function allOf(store: FailureStore, purge: string): Promise<KnownFailure[][]> {
  const pages = [];
  let mark: string | null = null;
  do {
    const { failures, next }: Awaited<ReturnType<FailureStore['page']>> = await store.page(purge, mark);
    pages.push(failures);
    mark = next;
  } while (mark !== null);
  return pages;
}

describe.each(stores)('failures in %s', (_where, open) => {
  const anew = () => ({ store: open(), purge: `pu${++ids}` });

  test('come back flow by flow in the order of their creation, page by page, each once', async () => {
    const { store, purge } = anew();
    const failed = Array.from({ length: 1_230 }, (_, number) => failedOf(number));
    await store.put(purge, 1, failed.toReversed());
    await store.put(purge, 0, [failedOf(5_000, null)]);
    const pages = await allOf(store, purge);
    expect(pages.map(({ length }) => length)).toEqual([1_000, 231]);
    expect(pages.flat()).toEqual([
      { ...failedOf(5_000, null), flow: 0 },
      ...failed.map((one) => ({ ...one, flow: 1 })),
    ]);
    expect(await allOf(store, 'another')).toEqual([[]]);
  });

  test('come back so many at a time as are asked for, and nothing is said to follow the last one', async () => {
    const { store, purge } = anew();
    const failed = Array.from({ length: 6 }, (_, number) => failedOf(number));
    await store.put(purge, 0, failed);
    const first = await store.page(purge, null, 4);
    const second = await store.page(purge, first.next, 2);
    expect([...first.failures, ...second.failures].map(({ sid }) => sid)).toEqual(
      failed.map(({ sid }) => sid),
    );
    expect([first.failures.length, second.next]).toEqual([4, null]);
  });

  test('are replaced, and dropped, by where they stand', async () => {
    const { store, purge } = anew();
    await store.put(purge, 0, [failedOf(1), failedOf(2), failedOf(3, null)]);
    await store.put(purge, 0, [{ ...failedOf(1), reason: 'delete: timeout' }]);
    await store.drop(purge, 0, [failedOf(2), failedOf(3, null), failedOf(9)]);
    expect(await allOf(store, purge)).toEqual([[{ ...failedOf(1), reason: 'delete: timeout', flow: 0 }]]);
  });

  test('are found between two seconds, both included, and wherever their creation is not known', async () => {
    const { store, purge } = anew();
    await store.put(
      purge,
      0,
      [1, 2, 3, 4].map((number) => failedOf(number)),
    );
    await store.put(purge, 0, [failedOf(9, 'nonsense')]);
    await store.put(purge, 1, [failedOf(10, at(2))]);
    // However Studio writes the time.
    await store.put(purge, 0, [failedOf(11, at(3).replace('.000Z', '+00:00'))]);
    const found = await store.within(purge, 0, at(2), at(3));
    expect([...found].sort()).toEqual([2, 3, 9, 11].map((number) => failedOf(number).sid));
  });
});
