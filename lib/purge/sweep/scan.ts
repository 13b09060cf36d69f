import { StudioError } from '../../studio/errors.ts';
import type { Execution, Page } from '../../studio/types.ts';
import { isoSecond } from '../order/selection.ts';

/**
 * Lists a window from its newest execution to its oldest while what is listed is being deleted.
 *
 * What a page token means after a deletion is not documented: it may be a position, and then it skips as
 * many executions as were deleted before it. So a token is followed only as long as nothing at all was
 * changed since its list began. After that the list begins anew, with its end moved down to where it had
 * come (the bound), so that nothing is listed twice except around the bound.
 *
 * Lists are newest first, perhaps not to the second. The bound therefore stays above the newest execution
 * of a page's last tenth, and whatever still slips through is for the next sweep to find.
 */
export type ScanOptions = {
  /** ISO second, exclusive. */
  to: string;
  pages(to: string): AsyncIterable<Page<Execution>>;
  /** Is shown each page before its executions are asked about. */
  look(items: readonly Execution[]): Promise<void>;
  isCandidate(execution: Execution): boolean;
  /**
   * Names the state that the upstream was left in by us: another value after each change, null while
   * changes are under way.
   */
  quietAt(): number | null;
  /** Resolves when no change is under way any more. */
  quiet(): Promise<void>;
};

export type Finding = {
  items: Execution[];
  candidates: Execution[];
  /** Everything from here on was listed (ISO second, exclusive); what is below is still to come. */
  bound: string;
  /** The list ends with this page. */
  isLast: boolean;
  /** The list does not get on: whatever was found is to be acted on, so that it shows what comes next. */
  isStuck: boolean;
};

const SECOND_MS = 1_000;
const TAIL_SHARE = 0.1;
/**
 * An upstream that refuses its own tokens is in trouble, unless its list gets on between; that is for the caller to
 * know. Where it refuses some, one second's ten pages may need as many lists to be gone through in one.
 */
const MAX_TOKENS_REFUSED = 20;

export async function* scan(options: ScanOptions): AsyncGenerator<Finding, void, void> {
  let bound = options.to;
  let tokensRefused = 0;
  let stateAtRefusal = '';

  for (;;) {
    const startedQuietAt = options.quietAt();
    const startedBound = bound;
    let candidatesSeen = false;
    let pagesSeen = 0;
    try {
      for await (const page of options.pages(startedBound)) {
        pagesSeen += 1;
        bound = earlier(bound, boundOf(page.items));
        await options.look(page.items);
        const candidates = page.items.filter(options.isCandidate);
        candidatesSeen ||= candidates.length > 0;
        const isLast = page.nextPageUrl === null;
        yield { items: page.items, candidates, bound, isLast, isStuck: false };
        if (isLast) return;
        if (startedQuietAt === null || options.quietAt() !== startedQuietAt) break;
      }
    } catch (error) {
      if (pagesSeen === 0 || !isRefusedToken(error)) throw error;
      yield { items: [], candidates: [], bound, isLast: false, isStuck: true };
      await options.quiet();
      const state = `${bound} ${options.quietAt()}`;
      tokensRefused = state === stateAtRefusal ? tokensRefused + 1 : 1;
      stateAtRefusal = state;
      if (tokensRefused > MAX_TOKENS_REFUSED) throw error;
    }
    // A page full of what is under way says nothing about what lies below it, until that is done.
    if (!candidatesSeen && bound === startedBound) await options.quiet();
  }
}

/** Twilio's 21481, and whatever another upstream says instead: expired, unknown, not readable. */
function isRefusedToken(error: unknown): boolean {
  return (
    error instanceof StudioError &&
    (error.kind === 'rejected' || error.kind === 'not-found' || error.kind === 'nonsense')
  );
}

function boundOf(items: readonly Execution[]): string | null {
  const tail = items.slice(-Math.max(1, Math.ceil(items.length * TAIL_SHARE)));
  const newestMs = Math.max(...tail.map(({ dateCreated }) => Date.parse(dateCreated ?? '')));
  // Math.max gives NaN if one date cannot be read: then the page moves nothing.
  if (!Number.isFinite(newestMs)) return null;
  return isoSecond((Math.floor(newestMs / SECOND_MS) + 1) * SECOND_MS);
}

function earlier(one: string, other: string | null): string {
  return other !== null && other < one ? other : one;
}
