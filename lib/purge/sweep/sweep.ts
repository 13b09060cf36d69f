import type { Execution } from '../../studio/types.ts';
import type { Batches, NewItem } from '../batch/batches.ts';
import { LAG_PAUSES_SECONDS, MAX_IDLE_SWEEPS, MAX_SPARSE_PAGES } from '../engine/limits.ts';
import type { FailedItem } from '../engine/ports.ts';
import type { Session } from '../engine/session.ts';
import { effectiveStatus, isoSecond, type Matcher } from '../order/selection.ts';
import { secondOf } from '../record/failure-mark.ts';
import {
  addCounts,
  countsLeft,
  FIRST_PROGRESS,
  MAX_FAILURES_NAMED,
  NO_COUNTS,
  type Progress,
  type PurgeAction,
} from '../record/record.ts';
import { countAnew, countListed, roomLeft, takeBackOverlap } from './listed.ts';
import { goesRound, nextSample, withoutRepeats } from './repeats.ts';
import { type Finding, scan } from './scan.ts';
import { createTally } from './tally.ts';

/**
 * Lists one flow from where the record says it stands, and acts on what it finds, until the window is
 * through or the slice is over. Then the flow is swept again, from the top, until a sweep finds nothing.
 */
export async function sweep(session: Session, batches: Batches, matcher: Matcher): Promise<void> {
  const tally = createTally();
  const { dryRun, archive } = session.record.request;
  const pending: NewItem[] = [];
  const shownThoughGone = new Map<string, Execution>();
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
    sparsePages = 0;
    await batches.submit({
      flow: session.record.progress.flow,
      items,
      onSettled: (wasCut) => {
        anyCut ||= wasCut;
        return anyCut || boundThen === null ? {} : comeTo(boundThen);
      },
    });
  };
  const isOver = () => roomLeft(session) <= 0 || goesRound(session.record.progress);
  const maySubmit = () => pending.length > 0 && session.mayFinish && !isOver();
  const isWorthIt = () =>
    pending.length >= (batches.isBusy ? batches.size / 2 : batches.size) || sparsePages >= MAX_SPARSE_PAGES;

  for await (const finding of findings(session, batches, matcher)) {
    bound = finding.bound;
    if (!session.gotOn) session.time.expectPage();
    countListed(session, finding.items, matcher, tally);
    for (const execution of shownAgain(session, finding.items, matcher))
      if (session.handled.wasGone(execution.sid)) shownThoughGone.set(execution.sid, execution);
    if (dryRun) session.progress(comeTo(bound));
    else {
      for (const execution of finding.candidates) {
        session.handled.isUnderWay(execution.sid);
        pending.push({ ...pick(execution), ...(archive ? { execution } : {}) });
      }
      sparsePages = pending.length > 0 ? sparsePages + 1 : 0;
      while (session.mayGoOn && maySubmit() && (finding.isStuck || isWorthIt())) await submit();
      if (pending.length === 0 && !batches.isBusy && !anyCut) session.progress(comeTo(bound));
    }
    if (dryRun || (pending.length === 0 && !batches.isBusy && !anyCut)) await session.heartbeat();
    isThrough = finding.isLast || isOver();
    if (isThrough || !session.mayGoOn) break;
  }
  // What was found is acted on, if there is any time left, or the next slice would have to find it again.
  while (maySubmit()) await submit();
  await batches.drained();
  if (session.leftOpen) return;
  if (isThrough && !anyCut && (pending.length === 0 || isOver()))
    await closeSweep(session, [...shownThoughGone.values()]);
}

function findings(session: Session, batches: Batches, matcher: Matcher): AsyncGenerator<Finding, void, void> {
  const { record, ports } = session;
  const { progress, window, request } = record;
  const flow = record.flows[progress.flow];
  if (!flow) throw new Error(`Purge ${record.id} has no flow ${progress.flow}`);
  const status = countsLeft(request) ? 'any' : effectiveStatus(request.status, request.action);
  const filters = {
    ...(status === 'any' ? {} : { status }),
    ...(window.from === null ? {} : { dateCreatedFrom: window.from }),
  };
  return scan({
    to: progress.bound ?? window.to,
    // Reading ahead is for those who change nothing: the page would be of before the change.
    pages: (to) => ports.upstream.pages(flow.sid, { ...filters, dateCreatedTo: to }, request.dryRun),
    look: (items) => knowFailed(session, items),
    isCandidate: (execution) => !session.handled.has(execution.sid) && matcher.matches(execution),
    quietAt: () => batches.quietAt(),
    quiet: () => batches.drained(),
  });
}

/** What failed before is listed again, in every sweep: it is looked up where it is listed, however many there are. */
async function knowFailed(session: Session, items: readonly Execution[]): Promise<void> {
  const { id, counts, progress } = session.record;
  if (counts.failed === 0) return;
  const times = items.map(({ dateCreated }) => Date.parse(dateCreated ?? '')).filter(Number.isFinite);
  // Without a date at all, only what failed without one can be among them.
  const [from, to] = times.length > 0 ? [Math.min(...times), Math.max(...times)] : [0, 0];
  const { failures } = session.ports;
  session.handled.failedBefore(await failures.within(id, progress.flow, isoSecond(from), isoSecond(to)));
}

/** Returns and counts the executions of a page that this purge has already handled. */
function shownAgain(session: Session, items: readonly Execution[], matcher: Matcher): Execution[] {
  const { handled, record } = session;
  const again = items.filter(
    (execution) => handled.isShownAgain(execution.sid) && matcher.matches(execution),
  );
  session.progress({ shownAgain: record.progress.shownAgain + again.length });
  return again;
}

function pick({ sid, status, dateCreated }: Execution): NewItem {
  return { sid, active: status !== 'ended', created: dateCreated };
}

/**
 * The flow is through when a sweep shows nothing more. As long as sweeps delete or end something there are more of
 * them: the window is bounded, and a Studio that lists in another order, or little at a time, needs many. Where it
 * only shows what is done it is waited for: a list may lag behind, and is not believed to for ever.
 */
async function closeSweep(session: Session, shownThoughGone: readonly Execution[]): Promise<void> {
  const { progress, request } = session.record;
  const { sweep, foundInSweep, doneInSweep, shownAgain } = progress;
  const idleSweeps = doneInSweep > 0 ? 0 : progress.idleSweeps + 1;
  const goesOn = `list: it goes on to show what Studio says is ${DONE[request.action]}`;
  const giveUp = (reason: string) => giveFlowUp(session, reason, shownThoughGone);
  if (goesRound(progress)) await giveUp(goesOn);
  else if (roomLeft(session) <= 0) {
    leaveFlow(session);
    session.progress({ flow: session.record.flows.length });
  } else if (request.dryRun || (foundInSweep === 0 && shownAgain === 0)) leaveFlow(session);
  else if (idleSweeps < MAX_IDLE_SWEEPS) {
    session.progress({ ...FROM_THE_TOP, ...nextSample(session.record), sweep: sweep + 1, idleSweeps });
    countAnew(session);
    if (foundInSweep === 0) session.pauseSeconds = LAG_PAUSES_SECONDS[idleSweeps - 1] ?? 0;
  } else if (foundInSweep === 0) await giveUp(goesOn);
  else await giveUp('list: it never ends to show what cannot be acted on');
  session.gotOn = true;
}

const DONE = { delete: 'deleted', end: 'ended' } as const;

/**
 * Leaves the flow with an error. Takes repeated deletions, and executions found gone again, out of the
 * counts. Executions that Studio reported as missing but still lists count as failed instead of
 * `alreadyGone`.
 */
async function giveFlowUp(
  session: Session,
  reason: string,
  shownThoughGone: readonly Execution[],
): Promise<void> {
  session.change(withoutRepeats(session.record));
  const { id, request, counts, failures, progress } = session.record;
  const failed = shownThoughGone
    .slice(0, counts.alreadyGone)
    .map((execution) => stillListed(execution, request.action));
  await session.ports.failures.put(id, progress.flow, failed);
  session.change({
    counts: addCounts(counts, { ...NO_COUNTS, alreadyGone: -failed.length, failed: failed.length }),
    failures: [...failures, ...failed.map(({ sid, reason }) => ({ sid, reason }))].slice(
      0,
      MAX_FAILURES_NAMED,
    ),
  });
  leaveFlow(session, reason);
}

/** Not `transient`: a retry would again get the answer that it is gone. */
function stillListed({ sid, dateCreated }: Execution, action: PurgeAction): FailedItem {
  return {
    sid,
    created: secondOf(dateCreated),
    active: false,
    archived: false,
    reason: `${action}: not-found, but it is still listed`,
    transient: false,
    unclear: 'nothing',
    round: 0,
  };
}

const FROM_THE_TOP = {
  bound: null,
  overlap: FIRST_PROGRESS.overlap,
  foundInSweep: 0,
  doneInSweep: 0,
  shownAgain: 0,
};

/** On to the next flow; `reason` says why this one is not through. Nothing may be under way. */
export function leaveFlow(session: Session, reason?: string): void {
  const { progress, flows, counts, activeLeft } = session.record;
  const { flow, flowErrors } = progress;
  const alias = flows[flow]?.alias ?? '';
  session.progress({
    ...FROM_THE_TOP,
    flow: flow + 1,
    sweep: 1,
    idleSweeps: 0,
    leftBefore: activeLeft,
    othersBefore: counts.listed - counts.matched,
    sample: [],
    lateSample: [],
    repeats: 0,
    firm: null,
    flowErrors: reason === undefined ? flowErrors : [...flowErrors, { flow: alias, reason }],
  });
}
