import type { Execution } from '../../studio/types.ts';
import { foreignCursor } from './cursor.ts';
import type { FlowReader, ReaderOptions, TokenPlace } from './flow-reader.ts';
import { fetchPage, isAboutToken, queryOf } from './page.ts';
import { positionKey } from './position.ts';

export const FIRST_PLACE: TokenPlace = { query: null, after: null };

/**
 * Reads a flow that is not newest first, page after page by Studio's tokens. A deletion between two pages may
 * make an offset token skip executions. A page without its last read execution is returned from its
 * beginning.
 */
export function readFlowByToken(options: ReaderOptions, resumeFrom: TokenPlace): FlowReader {
  let place = resumeFrom;
  /** The unread part of the page. */
  let buffer: Execution[] | undefined;
  let nextQuery: string | undefined;

  async function fill(): Promise<void> {
    const { query, after } = place;
    const page = await fetchPage(options, query ?? undefined).catch((error: unknown) => {
      throw query !== null && isAboutToken(error) ? foreignCursor() : error;
    });
    const read = page.items.findIndex((execution) => positionKey(execution) === after);
    buffer = page.items.slice(read + 1);
    nextQuery = queryOf(page.nextPageUrl);
  }

  const head = () => buffer?.[0] ?? (buffer && nextQuery === undefined ? 'end' : undefined);
  function leaveEmptyPage(): void {
    if (buffer?.length !== 0 || nextQuery === undefined) return;
    place = { query: nextQuery, after: null };
    buffer = undefined;
  }

  return {
    isOrdered: false,
    head,
    async read() {
      while (head() === undefined && options.budget.mayRead()) {
        leaveEmptyPage();
        await fill();
      }
    },
    take() {
      const taken = buffer?.shift();
      if (taken) place = { ...place, after: positionKey(taken) };
    },
    resumeFrom() {
      leaveEmptyPage();
      return head() === 'end' ? undefined : place;
    },
  };
}
