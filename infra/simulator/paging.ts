import { type Answer, invalidParameter, refuse } from './answers.ts';
import type { Call, Simulation } from './call.ts';
import type { Start } from './store/executions.ts';

const DEFAULT_PAGE_SIZE = 50;
const MAX_PAGE_SIZE = 1_000;
const FOREIGN_ORIGIN = 'https://studio.twilio.example';
const TOKEN = /^PT(?:o(\d{1,15})|k([on])(\d{1,12})\.(\d{1,12}))t(\d{1,16})$/;

export type PageRequest = { size: number; page: number; start: Start };
/** `next` and `previous`: where those pages begin, or null where there are none. */
export type PageResult<Item> = { items: Item[]; next: Start | null; previous: Start | null };

/** Reads PageSize, Page and PageToken, or says what Twilio says of wrong ones. */
export function readPageRequest(simulation: Simulation, call: Call): PageRequest | Answer {
  const size = wholeNumber(call.query.get('PageSize'), DEFAULT_PAGE_SIZE);
  if (size === undefined || size < 1 || size > MAX_PAGE_SIZE) return invalidParameter('PageSize');
  const page = wholeNumber(call.query.get('Page'), 0);
  if (page === undefined) return invalidParameter('Page');
  const token = call.query.get('PageToken');
  const start = token === null ? FIRST : readToken(token, simulation);
  return start ? { size, page, start } : refuse(21481, 'Invalid PageToken.');
}

const FIRST: Start = { style: 'offset', offset: 0 };

function wholeNumber(text: string | null, otherwise: number): number | undefined {
  if (text === null) return otherwise;
  return /^\d{1,9}$/.test(text) ? Number(text) : undefined;
}

/** One page of a list that is an array already: flows, revisions, steps. */
export function slicePage<Item>(all: readonly Item[], { size, start }: PageRequest): PageResult<Item> {
  const offset = start.style === 'offset' ? start.offset : 0;
  return {
    items: all.slice(offset, offset + size),
    next: offset + size < all.length ? { style: 'offset', offset: offset + size } : null,
    previous: offset > 0 ? { style: 'offset', offset: Math.max(0, offset - size) } : null,
  };
}

/** The list's answer with its metadata; the items are JSON already. */
export function listAnswer(
  simulation: Simulation,
  call: Call,
  key: string,
  { size, page }: PageRequest,
  result: PageResult<string>,
): Answer {
  const urlOf: PageUrl = (index, token) => {
    const query = new URLSearchParams(call.query);
    query.set('PageSize', String(size));
    query.set('Page', String(index));
    if (token === null) query.delete('PageToken');
    else query.set('PageToken', token);
    return `${call.origin}${call.path}?${query}`;
  };
  const { next, previous } = result;
  const nowMs = simulation.now();
  const meta = {
    page,
    page_size: size,
    first_page_url: urlOf(0, null),
    previous_page_url: previous && urlOf(Math.max(0, page - 1), writeToken(previous, nowMs)),
    url: urlOf(page, call.query.get('PageToken')),
    next_page_url: misdirect(simulation, call, page, urlOf, next && urlOf(page + 1, writeToken(next, nowMs))),
    key,
  };
  const items = simulation.behaviour.paging === 'empty-pages' ? [] : result.items;
  return { status: 200, json: `{"meta":${JSON.stringify(meta)},"${key}":[${items.join(',')}]}` };
}

type PageUrl = (page: number, token: string | null) => string;

/** What stands in the place of the right URL of the next page, if this Studio was told to go wrong there. */
function misdirect(
  { behaviour, now }: Simulation,
  call: Call,
  page: number,
  urlOf: PageUrl,
  nextUrl: string | null,
): string | null {
  const ownToken = call.query.get('PageToken');
  const { pathname, search } = new URL(nextUrl ?? call.origin);
  switch (behaviour.paging) {
    case 'repeated-cursor':
      return ownToken ? urlOf(page, ownToken) : nextUrl;
    case 'repeated-page':
    case 'empty-pages':
      // A token of its own for each page, and each of them means the first.
      return urlOf(page + 1, writeToken(FIRST, now() + page + 1));
    case 'foreign-host':
      return nextUrl && FOREIGN_ORIGIN + pathname + search;
    case 'relative-url':
      return nextUrl && pathname + search;
    default:
      return nextUrl;
  }
}

function writeToken(start: Start, nowMs: number): string {
  const issued = `t${Math.floor(nowMs)}`;
  if (start.style === 'offset') return `PTo${start.offset}${issued}`;
  const { createdS, row } = start.place;
  return `PTk${start.towards === 'older' ? 'o' : 'n'}${createdS}.${row}${issued}`;
}

function readToken(token: string, simulation: Simulation): Start | undefined {
  const parts = TOKEN.exec(token);
  if (!parts) return undefined;
  const [, offset, towards, createdS, row, issuedMs] = parts;
  const lifetimeMs = simulation.behaviour.pageTokenLifetimeMs ?? Number.POSITIVE_INFINITY;
  if (simulation.now() - Number(issuedMs) > lifetimeMs) return undefined;
  if (offset !== undefined) return { style: 'offset', offset: Number(offset) };
  const place = { createdS: Number(createdS), row: Number(row) };
  return { style: 'keyset', place, towards: towards === 'n' ? 'newer' : 'older' };
}
