import type { Studio } from '../../studio/client.ts';
import { StudioError } from '../../studio/errors.ts';
import type { Execution, ExecutionStatus, Page } from '../../studio/types.ts';
import { type FlowPosition, markOf, secondOf, windowEnd } from './position.ts';

/** How many upstream pages one request may still read, over all its flows. */
export type Budget = {
  pages: number;
  /** Pages in a row, over all requests of a list, that had nothing new. */
  idle: number;
};

/** The most that Studio gives at once. */
export const MAX_PAGE_SIZE = 1_000;

/** A list that goes on and on without anything new does not end by itself. */
const MAX_IDLE_PAGES = 1_000;

export type ScanOptions = {
  executions: Pick<Studio['executions'], 'list'>;
  flowSid: string;
  filters: {
    status?: ExecutionStatus | undefined;
    dateCreatedFrom?: string | undefined;
    dateCreatedTo?: string | undefined;
  };
  /** What lies before it has been read. */
  position: FlowPosition;
  /** What `Scan.hint` said. */
  hint: Hint | undefined;
  pageSize: number;
  budget: Budget;
  signal: AbortSignal;
};

export type Scan = {
  /** The next execution; `end` after the last, `pause` when the budget is used up. */
  peek(): Promise<Execution | 'end' | 'pause'>;
  /** Leaves the execution behind that `peek` showed. */
  take(): void;
  /** Whether nothing is left, as far as that is known without another page. */
  isAtEnd(): boolean;
  /** Where the next request has to go on, where the position alone would not lead on. */
  hint(): Hint | undefined;
};

/** The query of a page. Anchored: something in it has been read, which shows whether pages have moved. */
export type Hint = { query: string; isAnchored: boolean };

/**
 * Reads one flow's executions, newest first, from a position on. Each page is asked for by a window that
 * ends where the last one stopped, not by a page token: a token may be an offset that skips what moves up
 * when others are deleted, and it may expire. Tokens are followed only where a window makes no progress: a
 * page full of executions of one second, or a Studio that does not apply the window or the status.
 */
export function scanFlow({ budget, hint, position, ...options }: ScanOptions): Scan {
  let { pageSize } = options;
  let buffer: Execution[] = [];
  let nextQuery = hint?.query;
  let isDone = false;
  /** The page that was fetched last. */
  let last: { query: string | undefined; hadItems: boolean } = { query: undefined, hadItems: false };
  /** The last page in which something lies behind, and whether pages with nothing at all came after it. */
  let anchor: { query: string | undefined } | undefined;
  let isAnchorFar = false;
  /** Where the scan stands after what is in the buffer. */
  let fetched = position;
  /** Some marks are lost: executions of this second are behind until the first known one comes. */
  let isLost = position.overflown && hint?.isAnchored !== false;

  async function fetchPage(query: string | undefined): Promise<Page<Execution>> {
    budget.pages--;
    const { executions, flowSid, filters, signal } = options;
    // A token has the window of its own page in it; what is behind in that page is worth seeing.
    const end = query === undefined ? windowEnd(fetched) : undefined;
    const dateCreatedTo = earlier(filters.dateCreatedTo, end);
    const listing = executions.list(
      flowSid,
      {
        pageSize,
        ...(filters.status === undefined ? {} : { status: filters.status }),
        ...(filters.dateCreatedFrom === undefined ? {} : { dateCreatedFrom: filters.dateCreatedFrom }),
        ...(dateCreatedTo === undefined ? {} : { dateCreatedTo }),
      },
      { signal, readAhead: false },
    );
    for await (const page of listing.pages(query === undefined ? {} : { fromPageUrl: query })) return page;
    return { items: [], nextPageUrl: null };
  }

  function isKnown(execution: Execution): boolean {
    return fetched.seen === 'all' || fetched.seen.has(markOf(execution));
  }

  function isBehind(execution: Execution): boolean {
    const second = secondOf(execution, fetched.second);
    if (second === fetched.second) return isKnown(execution);
    return second !== null && fetched.second !== null && second > fetched.second;
  }

  /** What of a page lies ahead of where the scan stands. */
  function ahead(items: readonly Execution[]): Execution[] {
    return items.filter((execution) => {
      const second = secondOf(execution, fetched.second);
      if (second !== fetched.second)
        return fetched.second === null || (second !== null && second < fetched.second);
      if (!isKnown(execution)) return !isLost;
      isLost = false;
      return false;
    });
  }

  function advanceTo(execution: Execution): void {
    const second = secondOf(execution, fetched.second);
    const known = second === fetched.second && fetched.seen !== 'all' ? fetched.seen : [];
    const overflown = second === fetched.second && fetched.overflown;
    fetched = { second, seen: new Set([...known, markOf(execution)]), overflown };
  }

  function setAnchor(query: string | undefined): void {
    anchor = { query };
    isAnchorFar = false;
  }

  async function fill(): Promise<void> {
    let query = nextQuery;
    let page: Page<Execution>;
    try {
      page = await fetchPage(query);
    } catch (error) {
      if (query === undefined || !isAboutToken(error)) throw error;
      // A token that has expired is no reason to fail: the window leads on.
      query = undefined;
      isLost = fetched.overflown;
      page = await fetchPage(query);
    }
    const isAnchored = page.items.some(isBehind);
    if (query !== undefined && query === hint?.query && hint.isAnchored && !isAnchored) {
      // What was read of this page has gone or moved to another one: the window leads on.
      nextQuery = undefined;
      return;
    }
    const fresh = ahead(page.items);
    if (query === undefined && fresh.length === 0 && page.nextPageUrl !== null && pageSize < MAX_PAGE_SIZE) {
      // Nothing new in so many: a Studio that ignores the status, or a second with many. In larger steps, then.
      pageSize = MAX_PAGE_SIZE;
      isLost = fetched.overflown;
      return;
    }
    if (isLost && (fresh.length > 0 || page.nextPageUrl === null)) {
      // None of the known executions is there any more: rather one twice than one left out.
      isLost = false;
      nextQuery = undefined;
      return;
    }
    const first = page.items[0];
    const oldest = fresh.at(-1);
    const windowMoves =
      first !== undefined &&
      oldest !== undefined &&
      secondOf(first, fetched.second) !== secondOf(oldest, fetched.second);
    for (const execution of fresh) advanceTo(execution);
    buffer = fresh;
    last = { query, hadItems: page.items.length > 0 };
    if (isAnchored) setAnchor(query);
    else if (!last.hadItems) isAnchorFar = true;
    isDone = page.nextPageUrl === null;
    budget.idle = fresh.length > 0 ? 0 : budget.idle + 1;
    const leadsToItself = query !== undefined && query === queryOf(page.nextPageUrl);
    if (leadsToItself || budget.idle > MAX_IDLE_PAGES)
      throw new StudioError('nonsense', 'The list does not end', { operation: 'ListExecution' });
    nextQuery = windowMoves && query === undefined ? undefined : queryOf(page.nextPageUrl);
  }

  return {
    async peek() {
      for (let next = buffer[0]; ; next = buffer[0]) {
        if (next) return next;
        if (isDone) return 'end';
        if (budget.pages <= 0) return 'pause';
        await fill();
      }
    },
    take: () => {
      buffer.shift();
      setAnchor(last.query);
    },
    isAtEnd: () => isDone && buffer.length === 0,
    hint: () => {
      if (isDone && buffer.length === 0) return undefined;
      if (anchor && !isAnchorFar) return hintAt(anchor.query, true);
      return hintAt(last.hadItems ? last.query : nextQuery, false);
    },
  };
}

function hintAt(query: string | undefined, isAnchored: boolean): Hint | undefined {
  return query === undefined ? undefined : { query, isAnchored };
}

/** What Studio says to a page token that it does not take (any more). */
function isAboutToken(error: unknown): boolean {
  return (
    error instanceof StudioError &&
    (error.kind === 'rejected' || error.kind === 'nonsense' || error.kind === 'invalid-argument')
  );
}

function queryOf(pageUrl: string | null): string | undefined {
  return pageUrl === null ? undefined : new URL(pageUrl).search;
}

function earlier(one: string | undefined, other: string | undefined): string | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return one < other ? one : other;
}
