import type { Execution, Page } from '../../studio/types.ts';
import { fetchPage, isAboutToken, MAX_PAGE_SIZE, type PageOptions, queryOf } from './page.ts';
import { type FlowPosition, markOf, secondOf, windowEnd } from './position.ts';
import { type Walk, walkFlow } from './token-reader.ts';

export type ScanOptions = PageOptions & {
  /** What lies before it has been read. */
  position: FlowPosition;
  /** What `Scan.hint` said. */
  hint: Hint | undefined;
};

export type Scan = {
  /** Whether its executions come newest first, as far as has been seen. */
  isOrdered(): boolean;
  /** The next execution; `end` after the last one, undefined if another page must be read first. */
  head(): Execution | 'end' | undefined;
  /** Reads pages until there is a head, or until the budget ends. */
  read(): Promise<void>;
  /** Moves past the head. */
  take(): void;
  /** Where the next request has to go on, where the position alone would not lead on. */
  hint(): Hint | undefined;
};

/** The query of a page. Anchored: something in it has been read, which shows whether pages have moved. */
type Anchor = { query: string; isAnchored: boolean };
export type Hint = Anchor | Walk;

/** Reads one flow's executions from a position on. */
export function scanFlow(options: ScanOptions): Scan {
  const { hint } = options;
  if (hint && 'after' in hint) return walkFlow(options, hint);
  let scan: Scan = scanOrdered(options, hint, () => {
    scan = walkFlow(options);
  });
  return {
    isOrdered: () => scan.isOrdered(),
    head: () => scan.head(),
    read: async () => {
      const asked = scan;
      await asked.read();
      if (asked !== scan) await scan.read();
    },
    take: () => scan.take(),
    hint: () => scan.hint(),
  };
}

/**
 * Reads one flow's executions, newest first, from a position on. Each page is asked for by a window that
 * ends where the last one stopped, not by a page token: a token may be an offset that skips what moves up
 * when others are deleted, and it may expire. Tokens are followed only where a window makes no progress: a
 * page full of executions of one second, or a Studio that does not apply the window or the status.
 */
function scanOrdered(options: ScanOptions, hint: Anchor | undefined, onDisorder: () => void): Scan {
  const { budget, position } = options;
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

  /** A token has the window of its own page in it; what is behind in that page is worth seeing. */
  const pageAt = (query: string | undefined) =>
    fetchPage({ ...options, pageSize }, query, query === undefined ? windowEnd(fetched) : undefined);

  function isKnown(execution: Execution): boolean {
    return fetched.seen === 'all' || fetched.seen.has(markOf(execution));
  }

  function isBehind(execution: Execution): boolean {
    const second = secondOf(execution, fetched.second);
    if (second === fetched.second) return isKnown(execution);
    return fetched.second !== null && second > fetched.second;
  }

  /** What of a page lies ahead of where the scan stands. */
  function ahead(items: readonly Execution[]): Execution[] {
    return items.filter((execution) => {
      const second = secondOf(execution, fetched.second);
      if (second !== fetched.second) return fetched.second === null || second < fetched.second;
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
      page = await pageAt(query);
    } catch (error) {
      if (query === undefined || !isAboutToken(error)) throw error;
      // A token that has expired is no reason to fail: the window leads on.
      query = undefined;
      isLost = fetched.overflown;
      page = await pageAt(query);
    }
    if (query === undefined && fetched.second === null && !isNewestFirst(page.items)) {
      isDone = true;
      return onDisorder();
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
    nextQuery = windowMoves && query === undefined ? undefined : queryOf(page.nextPageUrl);
  }

  const head = () => buffer[0] ?? (isDone ? 'end' : undefined);

  return {
    isOrdered: () => true,
    head,
    async read() {
      while (head() === undefined && budget.mayRead()) await fill();
    },
    take: () => {
      buffer.shift();
      setAnchor(last.query);
    },
    hint: () => {
      if (head() === 'end') return undefined;
      if (anchor && !isAnchorFar) return hintAt(anchor.query, true);
      return hintAt(last.hadItems ? last.query : nextQuery, false);
    },
  };
}

function hintAt(query: string | undefined, isAnchored: boolean): Hint | undefined {
  return query === undefined ? undefined : { query, isAnchored };
}

function isNewestFirst(items: readonly Execution[]): boolean {
  let behind: number | null = null;
  for (const execution of items) {
    const second = secondOf(execution, behind);
    if (behind !== null && second > behind) return false;
    behind = second;
  }
  return true;
}
