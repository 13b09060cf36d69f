import type { Endpoint } from './endpoints.ts';
import { StudioError } from './errors.ts';
import { fieldsOf, type Parser } from './parse.ts';
import { request, type Wiring } from './request.ts';
import type { Listing, ListOptions, Page } from './types.ts';

export type ListCall<Item> = {
  endpoint: Endpoint;
  path: string;
  /** With its question mark, or empty. */
  query: string;
  /** Where the array stands when `meta.key` does not say. */
  key: string;
  origin: string;
  parseItem: Parser<Item>;
  /** Which items the caller asked for: what Studio does not filter, or a version of it ignores. */
  keep: (item: Item) => boolean;
  /** What tells two items apart: all revisions of a flow have the flow's SID. */
  identify: (item: Item) => string;
  limit: number;
};

type RawPage<Item> = { items: Item[]; next: string | null };

export function listing<Item>(
  wiring: Wiring,
  call: ListCall<Item>,
  options: ListOptions = {},
): Listing<Item> {
  const pages = (fromPageUrl: string | undefined, readAhead: boolean) =>
    walk(wiring, call, { ...options, readAhead }, fromPageUrl);
  return {
    async *[Symbol.asyncIterator]() {
      for await (const page of pages(undefined, options.readAhead ?? true)) yield* page.items;
    },
    pages: ({ fromPageUrl } = {}) => pages(fromPageUrl, options.readAhead ?? false),
  };
}

async function* walk<Item>(
  wiring: Wiring,
  call: ListCall<Item>,
  options: ListOptions,
  fromPageUrl: string | undefined,
): AsyncGenerator<Page<Item>, void, undefined> {
  const abandoned = new AbortController();
  const signal = options.signal ? AbortSignal.any([options.signal, abandoned.signal]) : abandoned.signal;
  const fetchPage = (query: string) =>
    request<RawPage<Item>>(
      wiring,
      { endpoint: call.endpoint, path: call.path, query, parse: (body) => parsePage(call, body) },
      { ...options, signal },
    );
  const guard = createGuard(call.endpoint.operation);
  let remaining = call.limit;
  let query =
    fromPageUrl === undefined ? call.query : pageQuery(wiring, call, fromPageUrl, 'invalid-argument');
  let ahead: Promise<RawPage<Item>> | undefined;
  try {
    while (remaining > 0) {
      const page = await (ahead ?? fetchPage(query));
      ahead = undefined;
      const nextQuery = page.next === null ? undefined : pageQuery(wiring, call, page.next, 'nonsense');
      const isRepeated = guard(query, page.items.map(call.identify).join(), nextQuery);
      const items = isRepeated ? [] : page.items.filter(call.keep).slice(0, remaining);
      remaining -= items.length;
      if (nextQuery !== undefined && options.readAhead && remaining > 0) {
        ahead = fetchPage(nextQuery);
        // Looked at when its turn comes; until then it must not count as unhandled.
        ahead.catch(() => undefined);
      }
      const nextPageUrl =
        nextQuery === undefined ? null : `${call.origin}${wiring.basePath}${call.path}${nextQuery}`;
      yield { items, nextPageUrl };
      if (nextQuery === undefined) return;
      query = nextQuery;
    }
  } finally {
    abandoned.abort();
  }
}

/** The known key is where it is looked for first in `meta`, as Twilio's own SDKs do. */
function parsePage<Item>(call: ListCall<Item>, body: unknown): RawPage<Item> | undefined {
  const fields = fieldsOf(body);
  if (!fields) return undefined;
  // Some fakes leave `meta` out when there is no next page.
  const meta = fieldsOf(fields['meta']) ?? {};
  const key = typeof meta['key'] === 'string' ? meta['key'] : call.key;
  const raw = fields[key] ?? fields[call.key];
  const next = meta['next_page_url'] ?? null;
  if (!Array.isArray(raw) || (next !== null && typeof next !== 'string')) return undefined;
  const items: Item[] = [];
  for (const one of raw) {
    const item = call.parseItem(one);
    if (item === undefined) return undefined;
    items.push(item);
  }
  return { items, next: next === '' ? null : next };
}

/** Longer than any page URL of Twilio's by far; what is remembered of a list stays small. */
const MAX_PAGE_URL_LENGTH = 4_096;

/**
 * The query of a page URL that stays inside this list of this host. Only the query is ever taken over, so
 * the credentials can go nowhere else. Relative URLs are taken from the base.
 */
function pageQuery(
  wiring: Wiring,
  call: Pick<ListCall<unknown>, 'origin' | 'path' | 'endpoint'>,
  pageUrl: string,
  kind: 'nonsense' | 'invalid-argument',
): string {
  const { operation } = call.endpoint;
  const own = `${wiring.basePath}${call.path}`;
  const url = pageUrl.length > MAX_PAGE_URL_LENGTH ? null : URL.parse(pageUrl, `${call.origin}${own}`);
  if (url?.origin !== call.origin)
    throw new StudioError(kind, 'The page URL is on another host than the configured one', {
      operation,
      sent: true,
    });
  // A base URL with a path prefix is a proxy's: the server behind it does not know the prefix.
  if (url.pathname !== own && !own.endsWith(url.pathname.replace(/\/$/, '')))
    throw new StudioError(kind, 'The page URL is one of another list', { operation, sent: true });
  return url.search;
}

/** How many pages back a repetition is noticed at once. */
const REMEMBERED_PAGES = 1_000;
/** In a row. A page repeats once when as much as a page was created meanwhile; not so often. */
const MAX_REPEATED_PAGES = 3;
/** In a row. A filter may leave pages empty, with up to 1,000 executions passed over on each. */
const MAX_EMPTY_PAGES = 100;

/**
 * Ends a list that would not end: throws 'nonsense' for a page that comes again and for pages without
 * progress. Says of a page whether it is the last one's repetition, whose items have been given out. Keeps
 * the same memory however long the list: the last pages are known by name, and for a longer circle one page
 * is kept at distances that double (Brent's cycle detection).
 */
function createGuard(operation: string) {
  const seen = new Set<string>();
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
  return (query: string, content: string, nextQuery: string | undefined): boolean => {
    seen.add(query);
    const [oldest] = seen.size > REMEMBERED_PAGES ? seen : [];
    if (oldest !== undefined) seen.delete(oldest);
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
    const isRepeated = content !== '' && content === last;
    last = content;
    empty = content === '' ? empty + 1 : 0;
    repeated = isRepeated ? repeated + 1 : 0;
    if (nextQuery !== undefined && (repeated >= MAX_REPEATED_PAGES || empty >= MAX_EMPTY_PAGES))
      stop('The list goes on without progress');
    return isRepeated;
  };
}
