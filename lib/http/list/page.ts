import type { Studio } from '../../studio/client.ts';
import { StudioError, type StudioErrorKind } from '../../studio/errors.ts';
import type { Execution, ExecutionStatus, Page } from '../../studio/types.ts';

/** How many upstream pages one request may still read, over all its flows. */
export type Budget = {
  pages: number;
  /** Consecutive pages, over all requests of a list, from which no execution was taken. */
  idle: number;
  mayRead(): boolean;
};

/** The most that Studio gives at once. */
export const MAX_PAGE_SIZE = 1_000;

/** A list that goes on and on without anything new does not end by itself. */
const MAX_IDLE_PAGES = 1_000;

export type PageOptions = {
  executions: Pick<Studio['executions'], 'list'>;
  flowSid: string;
  filters: {
    status?: ExecutionStatus | undefined;
    dateCreatedFrom?: string | undefined;
    dateCreatedTo?: string | undefined;
  };
  pageSize: number;
  budget: Budget;
  signal: AbortSignal;
};

/** One upstream page, by its query or as the first one of the list; `end` makes the window end before. */
export async function fetchPage(
  { executions, flowSid, filters, pageSize, budget, signal }: PageOptions,
  query: string | undefined,
  end?: string,
): Promise<Page<Execution>> {
  budget.pages--;
  if (++budget.idle > MAX_IDLE_PAGES)
    throw new StudioError('nonsense', 'The list does not end', { operation: 'ListExecution' });
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

/** What Studio says to a page token that it does not take (any more). */
export function isAboutToken(error: unknown): boolean {
  return (
    error instanceof StudioError &&
    (error.kind === 'rejected' || error.kind === 'nonsense' || error.kind === 'invalid-argument')
  );
}

const PASSING: readonly StudioErrorKind[] = ['aborted', 'timeout', 'connection', 'unavailable', 'throttled'];

/** Whether the error is transient, so that the next request may succeed. */
export function isPassing(error: unknown): error is StudioError {
  return error instanceof StudioError && PASSING.includes(error.kind);
}

export function queryOf(pageUrl: string | null): string | undefined {
  return pageUrl === null ? undefined : new URL(pageUrl).search;
}

function earlier(one: string | undefined, other: string | undefined): string | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return one < other ? one : other;
}
