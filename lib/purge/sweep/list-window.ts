import { StudioError } from '../../studio/errors.ts';
import type { Execution, Page } from '../../studio/types.ts';
import { isoSecond } from '../record/times.ts';

/** A list that begins at `to` (ISO second, exclusive) and what the purge does to what it lists. */
export type ListOptions = {
  to: string;
  pages(to: string): AsyncIterable<Page<Execution>>;
  /** Is shown each page first. Returns those of its executions to act on. */
  onPage(items: readonly Execution[]): Promise<Execution[]>;
  /** Another value after each change by this purge; null while changes are in flight. */
  idleVersion(): number | null;
  /** Resolves when no changes are in flight. */
  whenIdle(): Promise<void>;
};

export type ListedPage = {
  candidates: Execution[];
  /** ISO second, exclusive: everything from here on has been listed. */
  watermark: string;
  isLast: boolean;
  /** Whether the list can only continue when the purge has acted on what is listed. */
  isStuck: boolean;
};

const SECOND_MS = 1_000;
const TAIL_SHARE = 0.1;
/** In a row, without any progress between them. */
const MAX_TOKENS_REFUSED = 20;

/**
 * Lists a window, newest first, while the purge deletes what is listed. A page token may be an offset, which
 * skips executions once others have been deleted. So the list follows tokens only until the purge changes
 * something, and then begins again at its watermark. The watermark stays above the last tenth of a page, for
 * lists that are not in order to the second; the next sweep finds what is skipped nevertheless.
 */
export async function* listWindow(options: ListOptions): AsyncGenerator<ListedPage, void, void> {
  let watermark = options.to;
  let tokensRefused = 0;

  for (;;) {
    const startedVersion = options.idleVersion();
    const startedWatermark = watermark;
    let candidatesSeen = false;
    let pagesSeen = 0;
    try {
      for await (const { items, nextPageUrl } of options.pages(startedWatermark)) {
        pagesSeen += 1;
        watermark = earlier(watermark, watermarkOf(items));
        const candidates = await options.onPage(items);
        candidatesSeen ||= candidates.length > 0;
        const isLast = nextPageUrl === null;
        yield { candidates, watermark, isLast, isStuck: tokensRefused > 0 };
        if (isLast) return;
        if (startedVersion === null || options.idleVersion() !== startedVersion) {
          tokensRefused = 0;
          break;
        }
      }
    } catch (error) {
      if (pagesSeen === 0 || !isRefusedToken(error)) throw error;
      tokensRefused = watermark === startedWatermark ? tokensRefused + 1 : 0;
      if (tokensRefused > MAX_TOKENS_REFUSED) throw error;
    }
    // The page shows only executions in flight: what lies below them is listed when they are gone.
    if (!candidatesSeen && watermark === startedWatermark) await options.whenIdle();
  }
}

/** Studio refuses an expired or unknown page token with 21481. */
function isRefusedToken(error: unknown): boolean {
  return error instanceof StudioError && ['rejected', 'not-found', 'nonsense'].includes(error.kind);
}

function watermarkOf(items: readonly Execution[]): string | null {
  const tail = items.slice(-Math.max(1, Math.ceil(items.length * TAIL_SHARE)));
  return watermarkAbove(tail.map(({ dateCreated }) => dateCreated));
}

/** The watermark that leaves all of these below it; null if one of them is not a date. */
export function watermarkAbove(created: readonly (string | null | undefined)[]): string | null {
  const newestMs = Math.max(...created.map((date) => Date.parse(date ?? '')));
  if (!Number.isFinite(newestMs)) return null;
  return isoSecond((Math.floor(newestMs / SECOND_MS) + 1) * SECOND_MS);
}

function earlier(one: string, other: string | null): string {
  return other !== null && other < one ? other : one;
}
