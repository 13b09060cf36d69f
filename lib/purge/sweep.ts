import type { Execution } from '../studio/types.ts';
import type { Batches } from './batches.ts';
import { MAX_SPARSE_PAGES, MAX_SWEEPS } from './limits.ts';
import { addCounts, FIRST_PROGRESS, NO_COUNTS, type Progress } from './record.ts';
import { type Finding, scan } from './scan.ts';
import { effectiveStatus, type Matcher } from './selection.ts';
import type { Session } from './session.ts';
import { createTally } from './tally.ts';

/**
 * Lists one flow from where the record says it stands, and acts on what it finds, until the window is
 * through or the slice is over. Then the flow is swept again, from the top, until a sweep finds nothing.
 */
export async function sweep(session: Session, batches: Batches, matcher: Matcher): Promise<void> {
  const tally = createTally();
  const { dryRun } = session.record.request;
  const pending: Execution[] = [];
  let sparsePages = 0;
  let anyCut = false;
  let isThrough = false;
  let bound = session.record.progress.bound ?? session.record.window.to;
  takeBackOverlap(session);

  const comeTo = (reached: string): Partial<Progress> => {
    if (reached !== session.record.progress.bound) session.gotOn = true;
    tally.lower(reached);
    return { bound: reached, overlap: tally.overlap() };
  };

  /** The bound holds once all above it is settled: with the batch that leaves nothing pending. */
  const submit = async () => {
    const items = pending.splice(0, Math.min(batches.size, roomLeft(session)));
    const boundThen = pending.length === 0 ? bound : null;
    await batches.submit({
      flow: session.record.progress.flow,
      items: items.map((execution) => ({ ...pick(execution), execution })),
      onSettled: (wasCut) => {
        anyCut ||= wasCut;
        return anyCut || boundThen === null ? { overlap: tally.overlap() } : comeTo(boundThen);
      },
    });
  };
  const maySubmit = () => pending.length > 0 && session.mayGoOn && roomLeft(session) > 0;
  const isWorthIt = () =>
    pending.length >= (batches.isBusy ? batches.size / 2 : batches.size) || sparsePages >= MAX_SPARSE_PAGES;

  for await (const finding of findings(session, batches, matcher)) {
    bound = finding.bound;
    count(session, finding, matcher, (execution, matched) => tally.add(execution, matched));
    if (dryRun) session.progress(comeTo(bound));
    else {
      for (const execution of finding.candidates) {
        session.underWay.add(execution.sid);
        pending.push(execution);
      }
      sparsePages = pending.length > 0 ? sparsePages + 1 : 0;
      while (maySubmit() && isWorthIt()) await submit();
      if (pending.length === 0 && !batches.isBusy && !anyCut) session.progress(comeTo(bound));
    }
    isThrough = finding.isLast || roomLeft(session) <= 0;
    if (isThrough || !session.mayGoOn) break;
  }
  while (maySubmit()) await submit();
  await batches.drained();
  if (isThrough && !anyCut && (pending.length === 0 || roomLeft(session) <= 0)) closeSweep(session);
}

function findings(session: Session, batches: Batches, matcher: Matcher): AsyncGenerator<Finding, void, void> {
  const { record, ports } = session;
  const { progress, window, request } = record;
  const flow = record.flows[progress.flow];
  if (!flow) throw new Error(`Purge ${record.id} has no flow ${progress.flow}`);
  const status = effectiveStatus(request.status, request.action);
  const filters = {
    ...(status === 'any' ? {} : { status }),
    ...(window.from === null ? {} : { dateCreatedFrom: window.from }),
  };
  return scan({
    to: progress.bound ?? window.to,
    // Reading ahead is for those who change nothing: the page would be of before the change.
    pages: (to) => ports.upstream.pages(flow.sid, { ...filters, dateCreatedTo: to }, request.dryRun),
    isCandidate: (execution) => !session.isHandled(execution.sid) && matcher.matches(execution),
    quietAt: () => batches.quietAt(),
    quiet: () => batches.drained(),
  });
}

/** What the next list begins with was counted before, by the slice that came this far. */
function takeBackOverlap(session: Session): void {
  const { counts, progress, request, activeMatched } = session.record;
  const { listed, matched, active } = progress.overlap;
  session.change({
    counts: addCounts(counts, {
      ...NO_COUNTS,
      listed: -listed,
      matched: request.dryRun ? -matched : 0,
    }),
    activeMatched: activeMatched - active,
  });
  session.progress({ overlap: FIRST_PROGRESS.overlap });
}

function count(
  session: Session,
  { items }: Finding,
  matcher: Matcher,
  isNew: (execution: Execution, matched: boolean) => boolean,
): void {
  const { counts, activeMatched, progress, request } = session.record;
  if (progress.sweep > 1) return;
  let listed = 0;
  let matched = 0;
  let active = 0;
  for (const execution of items) {
    if (!matcher.inWindow(execution) || session.isHandled(execution.sid)) continue;
    const isMatch = matcher.matches(execution);
    // What is acted on is counted when its batch is settled: then it cannot be lost with the worker.
    if (isMatch && !request.dryRun) continue;
    if (matched >= roomLeft(session)) break;
    if (!isNew(execution, isMatch)) continue;
    listed += 1;
    if (isMatch) matched += 1;
    if (isMatch && execution.status !== 'ended') active += 1;
  }
  session.change({
    counts: addCounts(counts, { ...NO_COUNTS, listed, matched }),
    activeMatched: activeMatched + active,
  });
}

/** How many more may be acted on. */
function roomLeft(session: Session): number {
  const { request, counts } = session.record;
  return request.limit === null
    ? Number.POSITIVE_INFINITY
    : request.limit - counts.matched - session.inFlight;
}

function pick({ sid, status }: Execution): { sid: string; active: boolean } {
  return { sid, active: status !== 'ended' };
}

function closeSweep(session: Session): void {
  const { progress, request, flows } = session.record;
  const swept = { bound: null, overlap: FIRST_PROGRESS.overlap, foundInSweep: 0 };
  if (roomLeft(session) <= 0) session.progress({ ...swept, flow: flows.length, sweep: 1 });
  else if (request.dryRun || progress.foundInSweep === 0 || progress.sweep >= MAX_SWEEPS)
    session.progress({ ...swept, flow: progress.flow + 1, sweep: 1 });
  else session.progress({ ...swept, sweep: progress.sweep + 1 });
  session.gotOn = true;
}
