import type { Endpoint } from './endpoints.ts';
import { StudioError } from './errors.ts';
import { type Form, type ParserFor, request, type Wiring } from './http/request.ts';
import type { Mismatch } from './http/response.ts';
import { MAX_TRIES, retryDelayMs } from './http/retry.ts';
import { fieldsOf, type Parser } from './json/parse.ts';
import { listing } from './list/paging.ts';
import { fillPath, isSid, type PathParts } from './sids.ts';
import type { CallOptions, Listing, ListOptions, ListQuery, Version } from './types.ts';

/** From an endpoint's description and a caller's values to a request: the door all resources go through. */
export type Calls = {
  version: Version;
  send<T>(
    endpoint: Endpoint,
    parts: PathParts,
    parse: Parser<T>,
    options: CallOptions | undefined,
    form?: Form,
  ): Promise<T>;
  /**
   * Repeats `attempt`, with the delays, tries and timeout of a call, until it returns a value. Returns
   * undefined if it never does. Throws what `attempt` throws.
   */
  repeat<T>(attempt: () => Promise<T | undefined>, options: CallOptions | undefined): Promise<T | undefined>;
  list<Item extends { sid: string }>(
    endpoint: Endpoint,
    parts: PathParts,
    listed: Listed<Item>,
    options: ListOptions | undefined,
  ): Listing<Item>;
};

type Listed<Item> = {
  key: string;
  parseItem: Parser<Item>;
  query: ListQuery | undefined;
  filters?: Record<string, string | undefined>;
  keep?: (item: Item) => boolean;
  /** The path parts that each item must match. Default: those of the path. */
  itemsOf?: PathParts;
  /** What tells two items apart; the SID unless told. */
  identify?: (item: Item) => string;
};

const MAX_PAGE_SIZE = 1_000;

export function createCalls(wiring: Wiring, origin: string, version: Version): Calls {
  const pathOf = (endpoint: Endpoint, parts: PathParts) => {
    const { operation, path } = endpoint;
    if (version === 'v1' && !endpoint.alsoInV1)
      throw new StudioError('invalid-argument', `${operation} does not exist in v1`, { operation });
    return fillPath(operation, path, parts);
  };
  const readerOf =
    <T>(endpoint: Endpoint, parts: PathParts, parse: Parser<T>): ParserFor<T> =>
    (body, accountSid) =>
      mismatchOf(body, endpoint, parts, accountSid) ?? parse(body) ?? 'nonsense';
  return {
    version,
    // Async, so that a wrong SID rejects like everything else.
    send: async (endpoint, parts, parse, options, form) =>
      request(
        wiring,
        {
          endpoint,
          path: pathOf(endpoint, parts),
          parse: readerOf(endpoint, parts, parse),
          form,
        },
        options,
      ),
    repeat: async (attempt, { signal, timeoutMs = wiring.timeoutMs, maxTries = MAX_TRIES } = {}) => {
      const deadlineMs = wiring.now() + timeoutMs;
      for (let tries = 1; ; tries += 1) {
        const value = await attempt();
        const delayMs = retryDelayMs(tries, undefined, wiring.random);
        if (value !== undefined || tries >= maxTries || wiring.now() + delayMs >= deadlineMs) return value;
        // Ignores the abort: the call of the next attempt reports it.
        await wiring.sleep(delayMs, signal).catch((error: unknown) => {
          if (!signal?.aborted) throw error;
        });
      }
    },
    list: (
      endpoint,
      parts,
      {
        key,
        parseItem,
        query = {},
        filters = {},
        keep = () => true,
        itemsOf = parts,
        identify = ({ sid }) => sid,
      },
      options,
    ) => {
      const { operation } = endpoint;
      const limit = query.limit ?? Number.POSITIVE_INFINITY;
      if (!(limit >= 1 && (Number.isInteger(limit) || limit === Number.POSITIVE_INFINITY)))
        throw new StudioError('invalid-argument', 'The limit must be a whole number from 1', { operation });
      // No more than is wanted, unless told: but a filter applied here may need more than one page.
      const pageSize =
        query.pageSize ?? (Number.isFinite(limit) ? Math.min(limit, MAX_PAGE_SIZE) : undefined);
      if (
        pageSize !== undefined &&
        !(Number.isInteger(pageSize) && pageSize >= 1 && pageSize <= MAX_PAGE_SIZE)
      )
        throw new StudioError('invalid-argument', 'The page size must be a whole number from 1 to 1,000', {
          operation,
        });
      const search = new URLSearchParams();
      for (const [name, value] of Object.entries({ ...filters, PageSize: pageSize?.toString() }))
        if (value !== undefined) search.set(name, value);
      return listing(
        wiring,
        {
          endpoint,
          path: pathOf(endpoint, parts),
          query: search.size === 0 ? '' : `?${search}`,
          key,
          origin,
          parseItem: readerOf(endpoint, itemsOf, parseItem),
          keep,
          identify,
          limit,
        },
        options,
      );
    },
  };
}

/**
 * Compares a resource in Studio's response with the request. Its SID must be of the right kind and equal the
 * one in the path, if any. Its account, flow, execution and step must be those of the request; null matches.
 *
 * Returns `other-flow` for a read only. After a write, a response about another flow does not tell what was
 * changed.
 */
function mismatchOf(
  body: unknown,
  { answers, method }: Endpoint,
  parts: PathParts,
  accountSid: string,
): Mismatch | undefined {
  const told = fieldsOf(body) ?? {};
  const differs = (name: string, sid: string | number | undefined) =>
    sid !== undefined && (told[name] ?? sid) !== sid;
  if (
    (answers && (!isSid(answers, told['sid']) || differs('sid', parts[answers]))) ||
    differs('account_sid', accountSid) ||
    differs('execution_sid', parts.execution) ||
    differs('step_sid', parts.step)
  )
    return 'nonsense';
  if (!differs('flow_sid', parts.flow)) return undefined;
  return method === 'GET' && typeof told['flow_sid'] === 'string' ? 'other-flow' : 'nonsense';
}
