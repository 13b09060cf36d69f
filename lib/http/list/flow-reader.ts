import type { Studio } from '../../studio/client.ts';
import { endpoints } from '../../studio/endpoints.ts';
import { StudioError } from '../../studio/errors.ts';
import type { Execution, ListExecutionsQuery, Page } from '../../studio/types.ts';
import { foreignCursor } from './cursor.ts';
import { advance, isBehind, MAX_SEEN, type Position, positionKey, secondOf, windowEnd } from './position.ts';

/**
 * A page by its query; undefined for the page at the position. Anchored: the page has an execution that was
 * read. If it no longer has one, the pages have moved.
 */
type Anchor = { query: string | undefined; isAnchored: boolean };

/** How many upstream pages one request may still read, over all its flows. */
export type Budget = {
  pages: number;
  /** Consecutive pages, over all requests of a list, from which no execution was taken. */
  idle: number;
  mayRead(): boolean;
};

/** Studio's largest page. */
export const MAX_PAGE_SIZE = 1_000;

/** After this many pages without an execution a list is taken to be endless. */
const MAX_IDLE_PAGES = 1_000;

export type ReaderOptions = {
  executions: Pick<Studio['executions'], 'list'>;
  flowSid: string;
  filters: Pick<ListExecutionsQuery, 'status' | 'dateCreatedFrom' | 'dateCreatedTo'>;
  pageSize: number;
  budget: Budget;
  signal: AbortSignal;
  /** Where the list resumes. */
  position: Position;
  /** The index of the flow. */
  flow: number;
};

/** A page of a flow that is not newest first, null for the first, and the key of the last execution read. */
type TokenPlace = { query: string | null; after: string | null };
export type ResumePoint = Anchor | TokenPlace;
export const FIRST_PLACE: TokenPlace = { query: null, after: null };

/** Thrown for the first page of a flow that is not newest first: the flow must be read by token. */
export class UnorderedList extends Error {}

export type FlowReader = ReturnType<typeof readFlow>;

/**
 * Reads the executions of one flow that follow the list's position. Each page is requested by a window that
 * ends where the last page stopped, not by a page token: a token may be an offset that skips executions
 * after others have been deleted, and it may expire. Follows tokens only where a window makes no progress:
 * in a page full of executions of one second, or if Studio ignores the window or the status.
 */
export function readFlow(options: ReaderOptions, resumeFrom?: Anchor) {
  const { budget, position, flow } = options;
  let { pageSize } = options;
  let buffer: Execution[] = [];
  let isLastPage = false;
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
    if (query === undefined && fetched.second === null && !isNewestFirst(items)) throw new UnorderedList();
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
    isLastPage = nextPageUrl === null;
    nextQuery = doesWindowMove && query === undefined ? undefined : queryOf(nextPageUrl);
    if (items.length === 0) anchor = { query: nextQuery, isAnchored: false };
    else if (isAnchored) anchor = { query, isAnchored };
  }

  const head = () => buffer[0];
  const isAtEnd = () => isLastPage && buffer.length === 0;

  return {
    isOrdered: true as boolean,
    /** The next execution; undefined at the end, or if a page must be read first. */
    head,
    isAtEnd,
    /** Reads pages until there is a head, or until the flow or the budget ends. */
    async read(): Promise<void> {
      while (!head() && !isLastPage && budget.mayRead()) await fill();
    },
    /** Moves past the head. */
    take(): void {
      buffer.shift();
      anchor = { query, isAnchored: true };
    },
    /** Where the next request resumes; undefined if the position says it. */
    resumeFrom: (): ResumePoint | undefined =>
      isAtEnd() || anchor?.query === undefined ? undefined : anchor,
  };
}

function isNewestFirst(items: readonly Execution[]): boolean {
  const seconds = items
    .map((execution) => secondOf(execution, Number.NEGATIVE_INFINITY))
    .filter(Number.isFinite);
  return seconds.every((second, at) => at === 0 || second <= (seconds[at - 1] ?? second));
}

/**
 * Reads a flow that is not newest first, page after page by Studio's tokens. A deletion between two pages may
 * make an offset token skip executions. A page without its last read execution is returned from its
 * beginning.
 */
export function readFlowByToken(options: ReaderOptions, resumeFrom: TokenPlace): FlowReader {
  let place = resumeFrom;
  /** Its items are the unread ones. */
  let page: Page<Execution> | undefined;
  const head = () => page?.items[0];
  const isAtEnd = () => page?.nextPageUrl === null && page.items.length === 0;

  return {
    isOrdered: false,
    head,
    isAtEnd,
    async read() {
      while (!head() && !isAtEnd() && options.budget.mayRead()) {
        if (page) place = { query: queryOf(page.nextPageUrl) ?? null, after: null };
        const { items, nextPageUrl } = await fetchPage(options, place.query ?? undefined).catch((error) => {
          throw place.query !== null && isAboutToken(error) ? foreignCursor() : error;
        });
        const read = items.findIndex((execution) => positionKey(execution) === place.after);
        page = { items: items.slice(read + 1), nextPageUrl };
      }
    },
    take() {
      const taken = page?.items.shift();
      if (taken) place = { ...place, after: positionKey(taken) };
    },
    resumeFrom: () => (isAtEnd() ? undefined : place),
  };
}

/** One upstream page, by its query or as the first one of the list; `end` makes the window end before. */
async function fetchPage(
  { executions, flowSid, filters, pageSize, budget, signal }: ReaderOptions,
  query: string | undefined,
  end?: string,
): Promise<Page<Execution>> {
  budget.pages--;
  if (++budget.idle > MAX_IDLE_PAGES) throw nonsense('The list does not end');
  const [dateCreatedTo] = [filters.dateCreatedTo, end].filter((time) => time !== undefined).sort();
  const listing = executions.list(
    flowSid,
    { ...filters, pageSize, ...(dateCreatedTo === undefined ? {} : { dateCreatedTo }) },
    { signal, readAhead: false },
  );
  for await (const page of listing.pages(query === undefined ? {} : { fromPageUrl: query })) return page;
  return { items: [], nextPageUrl: null };
}

export function nonsense(message: string): StudioError {
  return new StudioError('nonsense', message, { operation: endpoints.listExecutions.operation });
}

/** Whether Studio refused a page token, which may have expired. */
function isAboutToken(error: unknown): boolean {
  return (
    error instanceof StudioError &&
    (error.kind === 'rejected' || error.kind === 'nonsense' || error.kind === 'invalid-argument')
  );
}

function queryOf(pageUrl: string | null): string | undefined {
  return pageUrl === null ? undefined : new URL(pageUrl).search;
}
