import { StudioError } from '../errors.ts';

/** In a row. A page repeats once if as many executions as fit on it were created meanwhile. */
const MAX_REPEATED_PAGES = 3;
/** In a row. Studio's filter may leave pages empty, passing over up to 1,000 executions on each. */
const MAX_EMPTY_PAGES = 100;

/**
 * Throws `nonsense` for a list without end: one that goes on without new items, or leads back to an earlier
 * page. Compares with one earlier page, at distances that double (Brent's cycle detection).
 */
export function createGuard(operation: string) {
  let checkpoint = '';
  let distance = 1;
  let steps = 0;
  let repeated = 0;
  let empty = 0;
  /** `items`: on this page. `newItems`: those of them that are not repeated. */
  return (items: number, newItems: number, nextQuery: string): void => {
    if (newItems > 0) [repeated, empty] = [0, 0];
    else if (items > 0) repeated += 1;
    else empty += 1;
    const isStuck = repeated >= MAX_REPEATED_PAGES || empty >= MAX_EMPTY_PAGES;
    if (isStuck || nextQuery === checkpoint)
      throw new StudioError('nonsense', 'The list goes on without progress', { operation, sent: true });
    steps += 1;
    if (steps < distance) return;
    checkpoint = nextQuery;
    distance *= 2;
    steps = 0;
  };
}
