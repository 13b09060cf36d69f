import type { Execution } from '../studio/types.ts';
import { addCounts, FIRST_PROGRESS, NO_COUNTS } from './record.ts';
import { countsLeft, type Matcher } from './selection.ts';
import type { Session } from './session.ts';
import type { CountedAs } from './tally.ts';

/** What the next list begins with was counted before, by the slice that came this far. */
export function takeBackOverlap(session: Session): void {
  const { counts, progress, request, activeMatched, activeLeft } = session.record;
  const { listed, matched, active, left } = progress.overlap;
  session.change({
    counts: addCounts(counts, {
      ...NO_COUNTS,
      listed: -listed,
      matched: request.dryRun ? -matched : 0,
    }),
    activeMatched: activeMatched - active,
    activeLeft: activeLeft - left,
  });
  session.progress({ overlap: FIRST_PROGRESS.overlap });
}

export function countListed(
  session: Session,
  items: readonly Execution[],
  matcher: Matcher,
  isNew: (execution: Execution, as: CountedAs) => boolean,
): void {
  const { counts, activeMatched, activeLeft, progress, request } = session.record;
  const isFirst = progress.sweep === 1;
  if (!isFirst && !countsLeft(request)) return;
  const found = { listed: 0, matched: 0, active: 0, left: 0 };
  for (const execution of items) {
    if (!matcher.inWindow(execution) || session.handled.has(execution.sid)) continue;
    const matched = matcher.matches(execution);
    // What is acted on is counted when its batch is settled: then it cannot be lost with the worker.
    if (matched && !request.dryRun) continue;
    if (found.matched >= roomLeft(session)) break;
    const left = matcher.isLeft(execution);
    // A later sweep shows what was listed before, but all that is left.
    if (!isFirst && !left) continue;
    const as = { listed: isFirst, matched, active: matched && execution.status !== 'ended', left };
    if (!isNew(execution, as)) continue;
    found.listed += Number(as.listed);
    found.matched += Number(as.matched);
    found.active += Number(as.active);
    found.left += Number(as.left);
  }
  session.change({
    counts: addCounts(counts, { ...NO_COUNTS, listed: found.listed, matched: found.matched }),
    activeMatched: activeMatched + found.active,
    activeLeft: activeLeft + found.left,
  });
}

/** How many more may be acted on. */
export function roomLeft(session: Session): number {
  const { request, counts } = session.record;
  return request.limit === null
    ? Number.POSITIVE_INFINITY
    : request.limit - counts.matched - session.inFlight;
}
