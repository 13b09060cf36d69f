import type { Endpoint } from '../endpoints.ts';
import { type ParserFor, request, type Wiring } from '../http/request.ts';
import { isMismatch, type Mismatch } from '../http/response.ts';
import { fieldsOf } from '../json/parse.ts';
import type { Listing, ListOptions, Page } from '../types.ts';
import { createGuard, createMemory } from './guard.ts';
import { pageQuery, peekQuery } from './page-url.ts';

export type ListCall<Item> = {
  endpoint: Endpoint;
  path: string;
  /** With its question mark, or empty. */
  query: string;
  /** Where the array stands when `meta.key` does not say. */
  key: string;
  origin: string;
  parseItem: ParserFor<Item>;
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
  const parse: ParserFor<RawPage<Item>> = (body, accountSid) => parsePage(call, body, accountSid);
  const guard = createGuard(call.endpoint.operation);
  const isNew = createMemory();
  let remaining = call.limit;
  const place = {
    operation: call.endpoint.operation,
    origin: call.origin,
    path: `${wiring.basePath}${call.path}`,
  };
  let query = fromPageUrl === undefined ? call.query : pageQuery(place, fromPageUrl, 'invalid-argument');
  let bytesLeft = options.maxBodyBytes ?? Number.POSITIVE_INFINITY;
  const ahead = createReadAhead((query) =>
    request(
      wiring,
      { endpoint: call.endpoint, path: call.path, query, parse, peek },
      { ...options, signal, maxBodyBytes: bytesLeft },
    ),
  );

  /** Sends for the next page before this one is parsed; with a limit it is not known yet whether it is wanted. */
  function peek(body: Buffer) {
    bytesLeft -= body.length;
    if (!options.readAhead || ahead.isUnderWay() || remaining !== Number.POSITIVE_INFINITY) return;
    const next = peekQuery(place, body);
    if (next !== undefined && next !== query) ahead.start(next);
  }

  try {
    while (remaining > 0) {
      const page = await ahead.take(query);
      const nextQuery = page.next === null ? undefined : pageQuery(place, page.next, 'nonsense');
      guard(query, page.items.map(call.identify).join(), nextQuery);
      const items = page.items
        .filter((item) => isNew(call.identify(item)) && call.keep(item))
        .slice(0, remaining);
      remaining -= items.length;
      if (nextQuery !== undefined && options.readAhead && remaining > 0) ahead.start(nextQuery);
      yield { items, nextPageUrl: nextQuery === undefined ? null : place.origin + place.path + nextQuery };
      if (nextQuery === undefined) return;
      query = nextQuery;
    }
  } finally {
    abandoned.abort();
  }
}

/** The known key is where it is looked for first in `meta`, as Twilio's own SDKs do. */
function parsePage<Item>(call: ListCall<Item>, body: unknown, accountSid: string): RawPage<Item> | Mismatch {
  const fields = fieldsOf(body);
  if (!fields) return 'nonsense';
  // Some fakes leave `meta` out when there is no next page.
  const meta = fieldsOf(fields['meta']) ?? {};
  const key = typeof meta['key'] === 'string' ? meta['key'] : call.key;
  const raw = fields[key] ?? fields[call.key];
  const next = meta['next_page_url'] ?? null;
  if (!Array.isArray(raw) || (next !== null && typeof next !== 'string')) return 'nonsense';
  const items: Item[] = [];
  for (const one of raw) {
    const item = call.parseItem(one, accountSid);
    if (isMismatch(item)) return item;
    items.push(item);
  }
  return { items, next: next === '' ? null : next };
}

/** At most one page ahead. */
function createReadAhead<RawPage>(fetchPage: (query: string) => Promise<RawPage>) {
  let ahead: { query: string; page: Promise<RawPage> } | undefined;
  return {
    isUnderWay: () => ahead !== undefined,
    start: (query: string) => {
      if (ahead?.query === query) return;
      ahead = { query, page: fetchPage(query) };
      // Looked at when its turn comes; until then it must not count as unhandled.
      ahead.page.catch(() => undefined);
    },
    /** The page that was read ahead, if one was: the last that was started is the next in the list. */
    take: (query: string) => {
      const taken = ahead;
      ahead = undefined;
      return taken ? taken.page : fetchPage(query);
    },
  };
}
