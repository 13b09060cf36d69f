import type { Execution } from '../../studio/types.ts';
import type { Progress } from '../record/record.ts';

export type ListCounts = Progress['counted'];
/** Up to where a sweep has come, and what it has counted on the way. */
export type Mark = { watermark: string; counted: ListCounts };

type CountedAs = keyof ListCounts;

export type ListCounter = ReturnType<typeof createListCounter>;

/**
 * Counts what a sweep lists and does not act on. An execution counts when the watermark has passed it, so
 * that a worker that continues from there, and lists the rest again, counts each of them once.
 */
export function createListCounter(before: ListCounts) {
  const counted = { ...before };
  let matched = before.matched;
  // A tenth of a page, or the executions of one second.
  const below = new Map<string, { as: readonly CountedAs[]; createdMs: number }>();
  return {
    has: (sid: string) => below.has(sid),
    /** Matched executions, those below the watermark included. */
    get matched() {
      return matched;
    },
    add({ sid, dateCreated }: Execution, as: readonly CountedAs[]) {
      if (as.includes('matched')) matched += 1;
      below.set(sid, { as, createdMs: Date.parse(dateCreated ?? '') });
    },
    /** Null: the list is through. */
    lower(watermark: string | null): ListCounts {
      const watermarkMs = watermark === null ? Number.NEGATIVE_INFINITY : Date.parse(watermark);
      for (const [sid, { as, createdMs }] of below) {
        if (watermark !== null && !(createdMs >= watermarkMs)) continue;
        below.delete(sid);
        for (const one of as) counted[one] += 1;
      }
      return { ...counted };
    },
  };
}
