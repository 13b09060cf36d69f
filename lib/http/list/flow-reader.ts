import type { Execution, Page } from '../../studio/types.ts';
import { fetchPage, isAboutToken, MAX_PAGE_SIZE, type PageOptions, queryOf } from './page.ts';
import { advance, isBehind, MAX_SEEN, type Position, secondOf, windowEnd } from './position.ts';

/**
 * A page of an ordered flow by its query; undefined for the page at the position. Anchored: the page has an
 * execution that was read. If it no longer has one, the pages have moved.
 */
type Anchor = { query: string | undefined; isAnchored: boolean };
/** A page of an unordered flow, null for the first, and the key of the last execution read of it, if any. */
export type TokenPlace = { query: string | null; after: string | null };
export type ResumePoint = Anchor | TokenPlace;

export type ReaderOptions = PageOptions & {
  /** Where the list resumes. */
  position: Position;
  /** The index of the flow. */
  flow: number;
};

/** Reads the executions of one flow that follow the list's position. */
export type FlowReader = {
  isOrdered: boolean;
  /**
   * The next execution, `end` after the last one, undefined if a page must be read first, `unordered` if the
   * flow must be read by token.
   */
  head(): Execution | 'end' | 'unordered' | undefined;
  /** Reads pages until there is a head, or until the budget ends. */
  read(): Promise<void>;
  /** Moves past the head. */
  take(): void;
  /** Where the next request resumes; undefined if the position says it. */
  resumeFrom(): ResumePoint | undefined;
};

/**
 * Reads an ordered flow. Each page is requested by a window that ends where the last page stopped, not by a
 * page token: a token may be an offset that skips executions after others have been deleted, and it may
 * expire. Follows tokens only where a window makes no progress: in a page full of executions of one second,
 * or if Studio ignores the window or the status.
 */
export function readFlow(options: ReaderOptions, resumeFrom?: Anchor): FlowReader {
  const { budget, position, flow } = options;
  let { pageSize } = options;
  let buffer: Execution[] = [];
  let atEnd: 'end' | 'unordered' | undefined;
  let nextQuery = resumeFrom?.query;
  /** The query of the page in the buffer. */
  let query: string | undefined;
  let anchor = resumeFrom;
  /** The position after the executions in the buffer. */
  let fetched = position;
  /** Whether the position has lost keys: what its second has before a known one was read. */
  const isPartial = () =>
    position.flow === flow && position.seen.length >= MAX_SEEN && fetched.second === position.second;
  let isSkipping = isPartial() && resumeFrom?.isAnchored !== false;

  /** Requests the next page by its window. */
  function restart(skip = isPartial()): void {
    nextQuery = undefined;
    anchor = undefined;
    isSkipping = skip;
  }

  function freshOf(items: readonly Execution[]): Execution[] {
    return items.filter((execution) => {
      const isOfSameSecond = secondOf(execution, fetched.second) === fetched.second;
      const isRead = isBehind(fetched, flow, execution);
      if (isRead && isOfSameSecond) isSkipping = false;
      return !isRead && !(isSkipping && isOfSameSecond);
    });
  }

  async function fill(): Promise<void> {
    query = nextQuery;
    let page: Page<Execution>;
    try {
      const end = query === undefined ? windowEnd(fetched, flow) : undefined;
      page = await fetchPage({ ...options, pageSize }, query, end);
    } catch (error) {
      if (query === undefined || !isAboutToken(error)) throw error;
      return restart();
    }
    const { items, nextPageUrl } = page;
    if (query === undefined && fetched.second === null && !isNewestFirst(items)) {
      atEnd = 'unordered';
      return;
    }
    const isAnchored = items.some((execution) => isBehind(fetched, flow, execution));
    if (query !== undefined && query === resumeFrom?.query && resumeFrom.isAnchored && !isAnchored)
      return restart();
    const fresh = freshOf(items);
    if (query === undefined && fresh.length === 0 && nextPageUrl !== null && pageSize < MAX_PAGE_SIZE) {
      // Studio ignores the status, or the second has many executions.
      pageSize = MAX_PAGE_SIZE;
      return restart();
    }
    // No known execution is left. Returning one twice is better than skipping one.
    if (isSkipping && (fresh.length > 0 || nextPageUrl === null)) return restart(false);

    const [first] = items;
    const oldest = fresh.at(-1);
    const doesWindowMove =
      first && oldest && secondOf(first, fetched.second) !== secondOf(oldest, fetched.second);
    for (const execution of fresh) fetched = advance(fetched, flow, execution);
    buffer = fresh;
    if (nextPageUrl === null) atEnd = 'end';
    nextQuery = doesWindowMove && query === undefined ? undefined : queryOf(nextPageUrl);
    if (items.length === 0) anchor = { query: nextQuery, isAnchored: false };
    else if (isAnchored) anchor = { query, isAnchored };
  }

  const head = () => buffer[0] ?? atEnd;

  return {
    isOrdered: true,
    head,
    async read() {
      while (head() === undefined && budget.mayRead()) await fill();
    },
    take() {
      buffer.shift();
      anchor = { query, isAnchored: true };
    },
    resumeFrom: () => (head() === 'end' || anchor?.query === undefined ? undefined : anchor),
  };
}

function isNewestFirst(items: readonly Execution[]): boolean {
  let previous: number | null = null;
  for (const execution of items) {
    const second = secondOf(execution, previous);
    if (previous !== null && second > previous) return false;
    previous = second;
  }
  return true;
}
