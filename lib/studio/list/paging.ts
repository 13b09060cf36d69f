import type { Endpoint } from '../endpoints.ts';
import { StudioError } from '../errors.ts';
import { encodeForm, type ParserFor, request, type Wiring } from '../http/request.ts';
import { isMismatch, type Mismatch } from '../http/response.ts';
import { fieldsOf } from '../json/parse.ts';
import type { Listing, ListOptions, ListQuery, Page } from '../types.ts';
import { RecentSet } from './recent-set.ts';

/** The items of a list that are wanted. */
export type Selection<Item> = {
  /** Sent in the query. */
  filters?: Record<string, string | undefined>;
  /** Whether the caller asked for this item: some filters Studio ignores. Default: all. */
  keep?: (item: Item) => boolean;
  /** What distinguishes two items. Default: the SID, which all revisions of a flow share. */
  identify?: (item: Item) => string;
};

type ListCall<Item> = ListQuery &
  Selection<Item> & { endpoint: Endpoint<Item>; path: string; parseItem: ParserFor<Item> };

type RawPage<Item> = { items: Item[]; nextQuery: string | undefined };

const MAX_PAGE_SIZE = 1_000;
/** Two of the largest pages: if a list grows meanwhile, a page begins with the end of the page before. */
const REMEMBERED_ITEMS = 2_000;

/** Throws `invalid-argument` for a wrong limit or page size. */
export function listing<Item extends { sid: string }>(
  wiring: Wiring,
  call: ListCall<Item>,
  options: ListOptions = {},
): Listing<Item> {
  const query = queryOf(call.endpoint.operation, call, call.filters);
  const pages = (fromPageUrl: string | undefined, readAhead: boolean) =>
    walk(wiring, call, query, { ...options, readAhead }, fromPageUrl);
  return {
    async *[Symbol.asyncIterator]() {
      for await (const page of pages(undefined, options.readAhead ?? true)) yield* page.items;
    },
    pages: ({ fromPageUrl } = {}) => pages(fromPageUrl, options.readAhead ?? false),
  };
}

/** Returns the first page's query, with its question mark, or an empty string. */
function queryOf(
  operation: string,
  { limit, pageSize }: ListQuery,
  filters: Selection<unknown>['filters'],
): string {
  const check = (name: string, value: number | undefined, max: number) => {
    if (value !== undefined && !(Number.isSafeInteger(value) && value >= 1 && value <= max))
      throw new StudioError('invalid-argument', `${name} must be a whole number from 1 to ${max}`, {
        operation,
      });
  };
  if (limit !== Number.POSITIVE_INFINITY) check('limit', limit, Number.MAX_SAFE_INTEGER);
  check('pageSize', pageSize, MAX_PAGE_SIZE);
  const size = pageSize ?? (limit && Math.min(limit, MAX_PAGE_SIZE));
  const encoded = encodeForm({ ...filters, PageSize: size?.toString() });
  return encoded && `?${encoded}`;
}

async function* walk<Item extends { sid: string }>(
  wiring: Wiring,
  call: ListCall<Item>,
  firstQuery: string,
  options: ListOptions,
  fromPageUrl: string | undefined,
): AsyncGenerator<Page<Item>, void, undefined> {
  const { endpoint, path, keep = () => true, identify = ({ sid }) => sid } = call;
  const { operation } = endpoint;
  const listUrl = `${wiring.origin}${wiring.basePath}${path}`;
  const abandoned = new AbortController();
  const signal = options.signal ? AbortSignal.any([options.signal, abandoned.signal]) : abandoned.signal;
  const recent = new RecentSet(REMEMBERED_ITEMS);
  let remaining = call.limit ?? Number.POSITIVE_INFINITY;
  let bytesLeft = options.maxBodyBytes ?? Number.POSITIVE_INFINITY;
  let ahead: Promise<RawPage<Item>> | undefined;

  function fetchPage(query: string): Promise<RawPage<Item>> {
    const parse: ParserFor<RawPage<Item>> = (body, accountSid) =>
      parsePage(call, listUrl, body, accountSid, (nextQuery) => {
        // Before the items are parsed. With a limit it is not known yet whether the next page is wanted.
        if (call.limit === undefined && nextQuery !== query) readAhead(nextQuery);
      });
    const onBody = (bytes: number) => {
      bytesLeft -= bytes;
    };
    return request(
      wiring,
      { endpoint, path, query, parse, onBody },
      { ...options, signal, maxBodyBytes: bytesLeft },
    );
  }

  /** At most one page ahead. */
  function readAhead(query: string) {
    if (!options.readAhead) return;
    ahead ??= fetchPage(query);
    // An error is thrown when the page's turn comes.
    ahead.catch(() => undefined);
  }

  const begin = fromPageUrl === undefined ? firstQuery : pageQuery(listUrl, fromPageUrl);
  if (begin === undefined)
    throw new StudioError('invalid-argument', 'The page URL is not one of this list', { operation });
  const guard = createGuard(operation, begin);
  let query = begin;
  try {
    while (remaining > 0) {
      const taken = ahead ?? fetchPage(query);
      ahead = undefined;
      const page = await taken;
      const newItems = page.items.filter((item) => recent.add(identify(item)));
      if (page.nextQuery !== undefined) guard(page.items.length, newItems.length, page.nextQuery);
      const items = newItems.filter(keep).slice(0, remaining);
      remaining -= items.length;
      if (page.nextQuery !== undefined && remaining > 0) readAhead(page.nextQuery);
      yield { items, nextPageUrl: page.nextQuery === undefined ? null : listUrl + page.nextQuery };
      if (page.nextQuery === undefined) return;
      query = page.nextQuery;
    }
  } finally {
    abandoned.abort();
  }
}

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
function createGuard(operation: string, firstQuery: string) {
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

/** `onNext` is called before the items are parsed. */
function parsePage<Item>(
  { endpoint, parseItem }: ListCall<Item>,
  listUrl: string,
  body: unknown,
  accountSid: string,
  onNext: (query: string) => void,
): RawPage<Item> | Mismatch {
  const fields = fieldsOf(body) ?? {};
  // Some proxies leave out `meta` on the last page.
  const meta = fieldsOf(fields['meta']) ?? {};
  const raw = fields[String(meta['key'])] ?? fields[endpoint.listKey ?? ''];
  const next = meta['next_page_url'] ?? '';
  if (!Array.isArray(raw) || typeof next !== 'string') return 'nonsense';
  const nextQuery = next === '' ? undefined : pageQuery(listUrl, next);
  if (next !== '' && nextQuery === undefined) return 'nonsense';
  if (nextQuery !== undefined) onNext(nextQuery);
  const items: Item[] = [];
  for (const one of raw) {
    const item = parseItem(one, accountSid);
    if (isMismatch(item)) return item;
    items.push(item);
  }
  return { items, nextQuery };
}

/** Far longer than any page URL of Twilio's. */
const MAX_PAGE_URL_LENGTH = 4_096;

/**
 * Returns the query of a page URL, or undefined if it does not belong to this list. Only the query is used,
 * so that the credentials go to no other host: behind a proxy the URL may say studio.twilio.com.
 */
function pageQuery(listUrl: string, pageUrl: string): string | undefined {
  const url = pageUrl.length > MAX_PAGE_URL_LENGTH ? null : URL.parse(pageUrl, listUrl);
  if (!url || !/^https?:$/.test(url.protocol)) return undefined;
  const pathname = url.pathname.replace(/\/$/, '');
  const path = new URL(listUrl).pathname;
  // The server behind a proxy does not know the proxy's path prefix.
  const isOwn = pathname === path || (/^\/v[12]\//.test(pathname) && path.endsWith(pathname));
  return isOwn ? url.search : undefined;
}
