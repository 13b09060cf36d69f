import type { Studio } from '../../studio/client.ts';
import type { Listing, Step } from '../../studio/types.ts';
import { foreignCursor, MAX_SEALED_BYTES, openCursor, sealCursor } from '../list/cursor.ts';
import { isAboutToken, isTransient, queryOf } from '../list/page.ts';
import type { AnswerOf, Request, ServeRuntime } from '../request.ts';
import { stepBody } from './bodies.ts';

/** An execution has at most 1,000 steps: one upstream page. */
const MAX_PAGE_SIZE = 1_000;

type StepsRuntime = { studio: Pick<Studio, 'steps'> };

/**
 * `after`: the SID of the last step that was returned. `page`: the query of its page; null for the first
 * page.
 */
type State = { page: string | null; after: string };

type Found = { steps: Step[]; next: State | null };

/**
 * GET …/{execution}/steps. Looks for the step that a cursor names on its page, then in the whole list: steps
 * are only added, and are deleted only with their execution.
 */
export async function listSteps(
  { studio, secret: source }: StepsRuntime & Pick<ServeRuntime, 'secret'>,
  { flow, params, query, route, signal }: Request<'GET /flows/{flow}/executions/{execution}/steps'>,
): Promise<AnswerOf<'Steps'>> {
  const secret = await source.get();
  const scope = [route, flow.sid, params.execution];
  const begin = openCursor<State>(secret, scope, query.cursor);
  const pageSize = begin === undefined ? Math.min(query.limit + 1, MAX_PAGE_SIZE) : MAX_PAGE_SIZE;
  const listing = studio.steps.list(flow.sid, params.execution, { pageSize }, { signal, readAhead: false });
  const onPage = begin && begin.page !== null ? await read(listing, begin, query.limit) : undefined;
  const found = onPage ?? (await read(listing, { page: null, after: begin?.after }, query.limit));
  if (!found) throw foreignCursor();
  return {
    status: 200,
    body: {
      steps: found.steps.map(stepBody),
      nextCursor: sealCursor(secret, scope, found.next && bounded(found.next)),
    },
  };
}

/** Leaves out a page whose query is too long for a cursor. */
function bounded(state: State): State {
  return Buffer.byteLength(JSON.stringify(state)) > MAX_SEALED_BYTES ? { ...state, page: null } : state;
}

type Begin = { page: string | null; after: string | undefined };

/**
 * Returns up to `limit` steps, fewer if a later page cannot be read; undefined if `after` is not found or
 * Studio no longer accepts the page.
 */
async function read(listing: Listing<Step>, begin: Begin, limit: number): Promise<Found | undefined> {
  const steps: Step[] = [];
  let { page, after } = begin;
  let next: State | null = null;
  try {
    for await (const { items, nextPageUrl } of listing.pages(page === null ? {} : { fromPageUrl: page })) {
      for (const step of items) {
        if (after !== undefined) {
          if (step.sid === after) after = undefined;
          continue;
        }
        if (steps.length === limit) return { steps, next };
        steps.push(step);
        next = { page, after: step.sid };
      }
      page = queryOf(nextPageUrl) ?? null;
    }
  } catch (error) {
    if (begin.page !== null && isAboutToken(error)) return undefined;
    if (steps.length === 0 || !isTransient(error)) throw error;
    return { steps, next };
  }
  return after === undefined ? { steps, next: null } : undefined;
}
