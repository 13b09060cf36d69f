import type { FailureStore, KnownFailure } from '../../../../lib/purge/engine/ports.ts';
import { failureSortKey, sortKeyRange } from '../../../../lib/purge/record/failure-sort-key.ts';

/** Failures in their order, as the table keeps them. */
export function createMemoryFailures(pageSize = 1_000) {
  const kept = new Map<string, Map<string, KnownFailure>>();
  const calls = { put: 0, drop: 0, within: 0, page: 0 };
  const of = (purge: string) => {
    const known = kept.get(purge) ?? new Map<string, KnownFailure>();
    kept.set(purge, known);
    return known;
  };
  const sorted = (purge: string, isWanted: (mark: string) => boolean) =>
    [...of(purge)].filter(([mark]) => isWanted(mark)).sort(([a], [b]) => (a < b ? -1 : 1));
  const store: FailureStore = {
    async put(purge, flow, failed) {
      calls.put += failed.length;
      for (const item of failed)
        of(purge).set(failureSortKey(flow, item.created, item.sid), { ...item, flow });
    },
    async drop(purge, flow, failed) {
      calls.drop += failed.length;
      for (const { created, sid } of failed) of(purge).delete(failureSortKey(flow, created, sid));
    },
    async within(purge, flow, from, to) {
      calls.within += 1;
      const ranges = [sortKeyRange(flow, from, to), sortKeyRange(flow, null, null)];
      const isWithin = (mark: string) => ranges.some(([first, last]) => mark >= first && mark <= last);
      return new Set(sorted(purge, isWithin).map(([, { sid }]) => sid));
    },
    async page(purge, after, limit = pageSize) {
      calls.page += 1;
      const all = sorted(purge, (mark) => after === null || mark > after);
      const page = all.slice(0, limit);
      return {
        failures: page.map(([, one]) => one),
        next: page.length < all.length ? (page.at(-1)?.[0] ?? null) : null,
      };
    },
  };
  return { ...store, calls, all: (purge: string) => sorted(purge, () => true).map(([, one]) => one) };
}
