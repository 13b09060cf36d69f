import { StudioError } from '../errors.ts';
import { RecentSet } from './recent-set.ts';

/** More pages than any real list has: 10,000,000 executions. */
const REMEMBERED_PAGES = 10_000;
/**
 * Maximum consecutive pages with repeated items only. One is normal if a page of executions was created
 * between two requests.
 */
const MAX_REPEATED_PAGES = 3;
/** Maximum consecutive empty pages. Studio's filter may pass over up to 1,000 executions on each. */
const MAX_EMPTY_PAGES = 100;

/** Throws `nonsense` for a list that goes on without new items, or leads back to an earlier page. */
export function createGuard(operation: string, firstQuery: string) {
  const queries = new RecentSet(REMEMBERED_PAGES);
  queries.add(firstQuery);
  let repeated = 0;
  let empty = 0;
  /** `items`: on this page. `newItems`: those of them that are not repeated. */
  return (items: number, newItems: number, nextQuery: string): void => {
    if (newItems > 0) [repeated, empty] = [0, 0];
    else if (items > 0) repeated += 1;
    else empty += 1;
    const isStuck = repeated >= MAX_REPEATED_PAGES || empty >= MAX_EMPTY_PAGES;
    if (!queries.add(nextQuery) || isStuck)
      throw new StudioError('nonsense', 'The list goes on without progress', { operation, sent: true });
  };
}
