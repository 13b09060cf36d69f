import type { Endpoint } from './endpoints.ts';
import { StudioError } from './errors.ts';
import { type Form, type ParserFor, request, type Wiring } from './http/request.ts';
import type { Mismatch } from './http/response.ts';
import { MAX_TRIES, retryDelayMs } from './http/retry.ts';
import { fieldsOf } from './json/parse.ts';
import { listing, type Selection } from './list/paging.ts';
import { fillPath, isSid, type PathParts } from './sids.ts';
import type { CallOptions, Listing, ListOptions, ListQuery, Version } from './types.ts';

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
    /** `itemsOf`: the path parts that each item must match. Default: those of the path. */
    list: <Item extends { sid: string }>(
      endpoint: Endpoint<Item>,
      parts: PathParts,
      query?: ListQuery,
      options?: ListOptions,
      { itemsOf = parts, ...selection }: Selection<Item> & { itemsOf?: PathParts } = {},
    ): Listing<Item> => {
      const parseItem = readerOf(endpoint, itemsOf);
      const call = { endpoint, path: pathOf(endpoint, parts), parseItem, ...query, ...selection };
      return listing(wiring, call, options);
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
