import { invalidParameter, Refusal } from '../answers.ts';
import type { Call } from '../operations.ts';
import type { Start } from '../store/store.ts';
import type { StudioState } from '../studio-state.ts';

const DEFAULT_PAGE_SIZE = 50;
const MAX_PAGE_SIZE = 1_000;
const FOREIGN_ORIGIN = 'https://studio.twilio.example';
const TOKEN = /^PT(?:o(\d{1,15})|k(\d{1,12})\.(\d{1,12}))t(\d{1,16})$/;

export type PageRequest = { size: number; page: number; start: Start };
/** `next` and `previous`: where those pages begin, or null where there are none. */
export type Page<Item> = { items: Item[]; next: Start | null; previous: Start | null };

/** Reads PageSize, Page and PageToken. */
export function readPageRequest(studio: StudioState, { query }: Call): PageRequest {
  const size = wholeNumber(query, 'PageSize', DEFAULT_PAGE_SIZE);
  if (size < 1 || size > MAX_PAGE_SIZE) throw invalidParameter('PageSize');
  const page = wholeNumber(query, 'Page', 0);
  const token = query.get('PageToken');
  const start = token === null ? FIRST : readToken(token, studio);
  if (!start) throw new Refusal(21481, 'Invalid PageToken.');
  return { size, page, start };
}

const FIRST: Start = { offset: 0 };

function wholeNumber(query: URLSearchParams, name: string, otherwise: number): number {
  const text = query.get(name);
  if (text === null) return otherwise;
  if (!/^\d{1,9}$/.test(text)) throw invalidParameter(name);
  return Number(text);
}

/** One page of a list that is an array already: flows, revisions, steps. */
export function slicePage<Item>(all: readonly Item[], { size, start }: PageRequest): Page<Item> {
  const { offset } = start;
  return offsetPage(all.slice(offset, offset + size), offset + size < all.length, offset, size);
}

export function offsetPage<Item>(items: Item[], more: boolean, offset: number, size: number): Page<Item> {
  return {
    items,
    next: more ? { offset: offset + size } : null,
    previous: offset > 0 ? { offset: Math.max(0, offset - size) } : null,
  };
}

/** The list with its metadata. */
export function listResource<Item>(
  studio: StudioState,
  call: Call,
  key: string,
  { size, page }: PageRequest,
  { items, next, previous }: Page<Item>,
  resource: (item: Item) => unknown,
) {
  const urlOf: PageUrl = (index, token) => {
    const query = new URLSearchParams(call.query);
    query.set('PageSize', String(size));
    query.set('Page', String(index));
    if (token === null) query.delete('PageToken');
    else query.set('PageToken', token);
    return `${call.origin}${call.path}?${query}`;
  };
  const nowMs = studio.now();
  const nextUrl = next && urlOf(page + 1, writeToken(next, nowMs));
  return {
    meta: {
      page,
      page_size: size,
      first_page_url: urlOf(0, null),
      previous_page_url: previous && urlOf(Math.max(0, page - 1), writeToken(previous, nowMs)),
      url: urlOf(page, call.query.get('PageToken')),
      next_page_url: misdirect(studio, call, page, urlOf, nextUrl),
      key,
    },
    [key]: studio.behaviour().paging === 'empty-pages' ? [] : items.map(resource),
  };
}

type PageUrl = (page: number, token: string | null) => string;

/** The URL of the next page, or a wrong one if the behaviour asks for it. */
function misdirect(
  studio: StudioState,
  call: Call,
  page: number,
  urlOf: PageUrl,
  nextUrl: string | null,
): string | null {
  const ownToken = call.query.get('PageToken');
  const { pathname, search } = new URL(nextUrl ?? call.origin);
  switch (studio.behaviour().paging) {
    case 'repeated-cursor':
      return ownToken ? urlOf(page, ownToken) : nextUrl;
    case 'repeated-page':
    case 'empty-pages':
      // A new token for each page, each of which points to the first.
      return urlOf(page + 1, writeToken(FIRST, studio.now() + page + 1));
    case 'foreign-host':
      return nextUrl && FOREIGN_ORIGIN + pathname + search;
    case 'relative-url':
      return nextUrl && pathname + search;
    default:
      return nextUrl;
  }
}

function writeToken({ offset, place }: Start, nowMs: number): string {
  const start = place ? `k${Math.floor(place.createdMs / 1_000)}.${place.number}` : `o${offset}`;
  return `PT${start}t${Math.floor(nowMs)}`;
}

function readToken(token: string, studio: StudioState): Start | undefined {
  const parts = TOKEN.exec(token);
  if (!parts) return undefined;
  const [, offset, createdS, number, issuedMs] = parts;
  const lifetimeMs = studio.behaviour().pageTokenLifetimeMs ?? Number.POSITIVE_INFINITY;
  if (studio.now() - Number(issuedMs) > lifetimeMs) return undefined;
  if (offset !== undefined) return { offset: Number(offset) };
  return { offset: 0, place: { createdMs: Number(createdS) * 1_000, number: Number(number) } };
}
