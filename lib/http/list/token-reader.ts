import type { Execution } from '../../studio/types.ts';
import { foreignCursor } from './cursor.ts';
import type { Scan, ScanOptions } from './flow-reader.ts';
import { fetchPage, isAboutToken, queryOf } from './page.ts';
import { markOf } from './position.ts';

/** How far a list has been walked: the page by its query (null: the first), and the last one read of it. */
export type Walk = { query: string | null; after: string | null };

/**
 * Reads one flow's executions as they come, page after page by Studio's own tokens: for a Studio whose list is not
 * newest first, as its documentation has it, but in another order, or in none. What is deleted between two pages
 * may then make an offset token skip as many; where a page has lost its mark, it is given out once more.
 */
export function walkFlow(options: ScanOptions, begin: Walk = { query: null, after: null }): Scan {
  const { budget } = options;
  let { query, after } = begin;
  /** What is left of the page. */
  let buffer: Execution[] | undefined;
  let nextQuery: string | undefined;

  async function fill(): Promise<void> {
    const page = await fetchPage(options, query ?? undefined).catch((error: unknown) => {
      throw query !== null && isAboutToken(error) ? foreignCursor() : error;
    });
    const read = page.items.findIndex((execution) => markOf(execution) === after);
    buffer = page.items.slice(read + 1);
    nextQuery = queryOf(page.nextPageUrl);
  }

  const head = () => buffer?.[0] ?? (buffer && nextQuery === undefined ? 'end' : undefined);
  /** A page that is through is left behind for the next one. */
  const turn = () => {
    if (buffer?.length !== 0 || nextQuery === undefined) return;
    ({ query, after, buffer } = { query: nextQuery, after: null, buffer: undefined });
  };

  return {
    isOrdered: () => false,
    head,
    async read() {
      while (head() === undefined && budget.mayRead()) {
        turn();
        await fill();
      }
    },
    take: () => {
      const taken = buffer?.shift();
      if (taken) after = markOf(taken);
    },
    hint: () => {
      turn();
      return head() === 'end' ? undefined : { query, after };
    },
  };
}
