import { StudioError } from '../errors.ts';
import { Latest } from './latest.ts';

/** How many pages back a repetition is noticed at once. */
const REMEMBERED_PAGES = 1_000;
/** In a row. A page repeats once when as much as a page was created meanwhile; not so often. */
const MAX_REPEATED_PAGES = 3;
/** In a row. A filter may leave pages empty, with up to 1,000 executions passed over on each. */
const MAX_EMPTY_PAGES = 100;

/** Two pages of the largest: a list whose beginning grows meanwhile begins a page with the end of those before. */
const REMEMBERED_ITEMS = 2_000;

/**
 * Ends a list that would not end: throws 'nonsense' for a page that comes again and for pages without
 * progress. Keeps the same memory however long the list: the last pages are known by name, and for a longer
 * circle one page is kept at distances that double (Brent's cycle detection).
 */
export function createGuard(operation: string) {
  const seen = new Latest(REMEMBERED_PAGES);
  let checkpoint = '';
  let checkpointAge = 0;
  let checkpointDistance = 1;
  let last = '';
  let repeated = 0;
  let empty = 0;
  const stop = (message: string): never => {
    throw new StudioError('nonsense', message, { operation, sent: true });
  };
  /** `content`: the page's items by name; empty for none. */
  return (query: string, content: string, nextQuery: string | undefined): void => {
    seen.add(query);
    if (nextQuery !== undefined) {
      if (seen.has(nextQuery) || nextQuery === checkpoint)
        stop('The list leads back to a page it has been on');
      checkpointAge += 1;
      if (checkpointAge === checkpointDistance) {
        checkpoint = nextQuery;
        checkpointAge = 0;
        checkpointDistance *= 2;
      }
    }
    repeated = content !== '' && content === last ? repeated + 1 : 0;
    last = content;
    empty = content === '' ? empty + 1 : 0;
    if (nextQuery !== undefined && (repeated >= MAX_REPEATED_PAGES || empty >= MAX_EMPTY_PAGES))
      stop('The list goes on without progress');
  };
}

/** Says of each item of a list, by its name, whether it is none of the latest new ones once more. */
export function createMemory(): (name: string) => boolean {
  const remembered = new Latest(REMEMBERED_ITEMS);
  return (name) => {
    const isNew = !remembered.has(name);
    remembered.add(name);
    return isNew;
  };
}
