import type { Endpoint } from './endpoints.ts';
import { StudioError } from './errors.ts';
import { type Form, type ParserFor, request, type Wiring } from './http/request.ts';
import type { Mismatch } from './http/response.ts';
import { MAX_TRIES, retryDelayMs } from './http/retry.ts';
import { fieldsOf } from './json/parse.ts';
import { listing } from './list/paging.ts';
import { fillPath, isSid, type PathParts } from './sids.ts';
import type { CallOptions, Listing, ListOptions, ListQuery, Version } from './types.ts';

/** Where a list needs more than its endpoint says. */
type ListDetails<Item> = {
  filters?: Record<string, string | undefined>;
  keep?: (item: Item) => boolean;
  /** The path parts that each item must match. Default: those of the path. */
  itemsOf?: PathParts;
  /** What distinguishes two items. Default: the SID. */
  identify?: (item: Item) => string;
};

const MAX_PAGE_SIZE = 1_000;

export type Calls = ReturnType<typeof createCalls>;

/** Makes requests from an endpoint's description and the caller's values. */
export function createCalls(wiring: Wiring, version: Version) {
  const pathOf = ({ operation, path, v2Only }: Endpoint, parts: PathParts) => {
    if (version === 'v1' && v2Only)
      throw new StudioError('invalid-argument', `${operation} does not exist in v1`, { operation });
    return fillPath(operation, path, parts);
  };
  return {
    version,
    // Async, so that a wrong SID rejects like everything else.
    send: async <T>(endpoint: Endpoint<T>, parts: PathParts, options?: CallOptions, form?: Form) =>
      request(
        wiring,
        { endpoint, path: pathOf(endpoint, parts), parse: readerOf(endpoint, parts), form },
        options,
      ),
    /** Repeats `attempt`, with the delays, tries and timeout of a call, while it returns an error. */
    repeat: async <T>(
      attempt: () => Promise<T | StudioError>,
      { signal, timeoutMs = wiring.timeoutMs, maxTries = MAX_TRIES }: CallOptions = {},
    ): Promise<T> => {
      const deadlineMs = wiring.now() + timeoutMs;
      for (let tries = 1; ; tries += 1) {
        const result = await attempt();
        if (!(result instanceof StudioError)) return result;
        const delayMs = retryDelayMs(tries, undefined, wiring.random);
        if (tries >= maxTries || wiring.now() + delayMs >= deadlineMs) throw result;
        // Ignores the abort: the call of the next attempt reports it.
        await wiring.sleep(delayMs, signal).catch((error: unknown) => {
          if (!signal?.aborted) throw error;
        });
      }
    },
    list: <Item extends { sid: string }>(
      endpoint: Endpoint<Item>,
      parts: PathParts,
      { limit, pageSize }: ListQuery = {},
      options?: ListOptions,
      details: ListDetails<Item> = {},
    ): Listing<Item> => {
      const { operation } = endpoint;
      const { filters, keep = () => true, itemsOf = parts, identify = ({ sid }) => sid } = details;
      const check = (name: string, value: number | undefined, max: number) => {
        if (value !== undefined && !(Number.isSafeInteger(value) && value >= 1 && value <= max))
          throw new StudioError('invalid-argument', `${name} must be a whole number from 1`, { operation });
      };
      check('limit', limit, Number.MAX_SAFE_INTEGER);
      check('pageSize', pageSize, MAX_PAGE_SIZE);
      const size = pageSize ?? (limit && Math.min(limit, MAX_PAGE_SIZE));
      const search = new URLSearchParams();
      for (const [name, value] of Object.entries({ ...filters, PageSize: size?.toString() }))
        if (value !== undefined) search.set(name, value);
      return listing(
        wiring,
        {
          endpoint,
          path: pathOf(endpoint, parts),
          query: search.size === 0 ? '' : `?${search}`,
          parseItem: readerOf(endpoint, itemsOf),
          keep,
          identify,
          limit: limit ?? Number.POSITIVE_INFINITY,
        },
        options,
      );
    },
  };
}

function readerOf<T>(endpoint: Endpoint<T>, parts: PathParts): ParserFor<T> {
  return (body, accountSid) =>
    mismatchOf(body, endpoint, parts, accountSid) ?? endpoint.parse(body) ?? 'nonsense';
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
