import type { Studio } from '../../studio/client.ts';
import { endpoints } from '../../studio/endpoints.ts';
import { StudioError } from '../../studio/errors.ts';
import { isTransientKind } from '../../studio/http/retry.ts';
import type { Execution, ListExecutionsQuery, Page } from '../../studio/types.ts';

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

export type PageOptions = {
  executions: Pick<Studio['executions'], 'list'>;
  flowSid: string;
  filters: Pick<ListExecutionsQuery, 'status' | 'dateCreatedFrom' | 'dateCreatedTo'>;
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
    throw new StudioError('nonsense', 'The list does not end', {
      operation: endpoints.listExecutions.operation,
    });
  const [dateCreatedTo] = [filters.dateCreatedTo, end].filter((time) => time !== undefined).sort();
  const listing = executions.list(
    flowSid,
    { ...filters, pageSize, ...(dateCreatedTo === undefined ? {} : { dateCreatedTo }) },
    { signal, readAhead: false },
  );
  for await (const page of listing.pages(query === undefined ? {} : { fromPageUrl: query })) return page;
  return { items: [], nextPageUrl: null };
}

/** Whether Studio refused a page token, which may have expired. */
export function isAboutToken(error: unknown): boolean {
  return (
    error instanceof StudioError &&
    (error.kind === 'rejected' || error.kind === 'nonsense' || error.kind === 'invalid-argument')
  );
}

/** Whether the error is transient, so that the next request may succeed. */
export function isTransient(error: unknown): error is StudioError {
  return error instanceof StudioError && isTransientKind(error.kind);
}

export function queryOf(pageUrl: string | null): string | undefined {
  return pageUrl === null ? undefined : new URL(pageUrl).search;
}
