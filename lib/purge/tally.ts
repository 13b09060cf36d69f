import type { Execution } from '../studio/types.ts';

const SECOND_MS = 1_000;
/** Around a bound lie a tenth of a page, or one second's executions; far more than an account can create. */
const MAX_REMEMBERED = 200_000;

/** As what an execution is counted: listed for the first time, selected, selected and active, active and left so. */
export type CountedAs = { listed: boolean; matched: boolean; active: boolean; left: boolean };
export type Overlap = { listed: number; matched: number; active: number; left: number };

/**
 * Counts what is listed, each execution once, although lists overlap around their bound. Remembers only
 * those that a later list may show again; a worker that goes on from a bound subtracts the `overlap`.
 */
export type Tally = {
  /** Whether it is the first time; counts nothing itself. */
  add(execution: Execution, as: CountedAs): boolean;
  /** Lists begin below this from now on. */
  lower(bound: string): void;
  overlap(): Overlap;
};

export function createTally(): Tally {
  const entries = new Map<string, CountedAs & { createdMs: number }>();
  return {
    add({ sid, dateCreated }, as) {
      if (entries.has(sid)) return false;
      const createdMs = Date.parse(dateCreated ?? '');
      if (entries.size < MAX_REMEMBERED)
        entries.set(sid, { ...as, createdMs: Number.isNaN(createdMs) ? 0 : createdMs });
      return true;
    },
    lower(bound) {
      const boundMs = Date.parse(bound);
      for (const [sid, { createdMs }] of entries)
        if (Math.floor(createdMs / SECOND_MS) * SECOND_MS >= boundMs) entries.delete(sid);
    },
    overlap() {
      const all = [...entries.values()];
      return {
        listed: all.filter(({ listed }) => listed).length,
        matched: all.filter(({ matched }) => matched).length,
        active: all.filter(({ active }) => active).length,
        left: all.filter(({ left }) => left).length,
      };
    },
  };
}
