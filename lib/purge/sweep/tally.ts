import type { Execution } from '../../studio/types.ts';

const SECOND_MS = 1_000;
/** Around a bound lie a tenth of a page, or one second's executions; far more than an account can create. */
const MAX_REMEMBERED = 200_000;

/** As what an execution is counted: selected, selected and active, active and left so. */
export type CountedAs = { matched: boolean; active: boolean; left: boolean };
export type Overlap = { listed: number; matched: number; active: number; left: number };

/**
 * Counts what is listed, each execution once, although lists overlap around their bound. Remembers only
 * those that a later list may show again; a worker that goes on from a bound subtracts the `overlap`.
 */
export type Tally = {
  /** Whether it is the first time. */
  add(execution: Execution, as: CountedAs): boolean;
  /** Lists begin below this from now on. */
  lower(bound: string): void;
  overlap(): Overlap;
};

export function createTally(): Tally {
  const entries = new Map<string, CountedAs & { createdMs: number }>();
  const overlap = { listed: 0, matched: 0, active: 0, left: 0 };
  const count = ({ matched, active, left }: CountedAs, by: 1 | -1) => {
    overlap.listed += by;
    if (matched) overlap.matched += by;
    if (active) overlap.active += by;
    if (left) overlap.left += by;
  };
  return {
    add({ sid, dateCreated }, as) {
      if (entries.has(sid)) return false;
      if (entries.size >= MAX_REMEMBERED) return true;
      const createdMs = Date.parse(dateCreated ?? '');
      entries.set(sid, { ...as, createdMs: Number.isNaN(createdMs) ? 0 : createdMs });
      count(as, 1);
      return true;
    },
    lower(bound) {
      const boundMs = Date.parse(bound);
      for (const [sid, entry] of entries) {
        if (Math.floor(entry.createdMs / SECOND_MS) * SECOND_MS < boundMs) continue;
        entries.delete(sid);
        count(entry, -1);
      }
    },
    overlap: () => ({ ...overlap }),
  };
}
