import type { Execution } from '../../studio/types.ts';
import type { Session } from '../engine/session.ts';
import type { Matcher } from '../order/selection.ts';
import { addCounts, FIRST_PROGRESS, NO_COUNTS } from '../record/record.ts';
import type { Tally } from './tally.ts';

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

/**
 * Counts what is not acted on: that is counted when its batch is settled, where it cannot be lost with the worker.
 * In one breath with the overlap, since whatever writes the record next writes both.
 */
export function countListed(
  session: Session,
  items: readonly Execution[],
  matcher: Matcher,
  tally: Tally,
): void {
  const { counts, activeMatched, activeLeft, request } = session.record;
  const found = { listed: 0, matched: 0, active: 0, left: 0 };
  for (const execution of items) {
    const matched = matcher.matches(execution);
    if (matched && !request.dryRun) continue;
    if (!matcher.inWindow(execution) || session.handled.has(execution.sid)) continue;
    if (found.matched >= roomLeft(session)) break;
    const active = matched && execution.status !== 'ended';
    const left = matcher.isLeft(execution);
    if (!tally.add(execution, { matched, active, left })) continue;
    found.listed += 1;
    found.matched += Number(matched);
    found.active += Number(active);
    found.left += Number(left);
  }
  session.change({
    counts: addCounts(counts, { ...NO_COUNTS, listed: found.listed, matched: found.matched }),
    activeMatched: activeMatched + found.active,
    activeLeft: activeLeft + found.left,
  });
  session.progress({ overlap: tally.overlap() });
}

/** A sweep from the top shows all that is left once more: only the last one sees what stays. */
export function countAnew(session: Session): void {
  const { counts, progress } = session.record;
  const { othersBefore, leftBefore } = progress;
  session.change({ counts: { ...counts, listed: counts.matched + othersBefore }, activeLeft: leftBefore });
}

/** How many more may be acted on. */
export function roomLeft(session: Session): number {
  const { request, counts } = session.record;
  return request.limit === null
    ? Number.POSITIVE_INFINITY
    : request.limit - counts.matched - session.inFlight;
}
