import { StudioError } from '../../studio/errors.ts';
import type { Execution } from '../../studio/types.ts';
import { failingOf } from '../batch/act.ts';
import type { FailedItem, NewItem } from '../batch/batch.ts';
import type { Pipeline } from '../batch/pipeline.ts';
import { LAG_PAUSES_SECONDS, MAX_BATCH_SIZE, RETRY_BATCH_SIZE } from '../engine/limits.ts';
import { abort, type Change, remainingLimit, type Slice, type SliceState } from '../engine/slice-state.ts';
import { effectiveStatus, type Matcher } from '../order/selection.ts';
import { countsLeft, NEW_FLOW, NEW_SWEEP } from '../record/record.ts';
import { isoSecond, secondOf } from '../record/times.ts';
import { createListCounter, type ListCounter, type Mark } from './list-counter.ts';
import { type ListedPage, listWindow, watermarkAbove } from './list-window.ts';

/** Sweeps the flow. An error of Studio's ends the flow if it is about the flow, or else the slice. */
export async function sweepFlow(slice: Slice, pipeline: Pipeline, matcher: Matcher): Promise<void> {
  try {
    await sweep(slice, pipeline, matcher);
  } catch (error) {
    if (!(error instanceof StudioError)) throw error;
    const { reason, transient, refused } = failingOf('list', error);
    if (error.kind === 'aborted' && slice.time.signal.aborted) return;
    if (transient) return slice.apply(abort(slice.state, { reason, refused }));
    // Batches in flight are about this flow, and must not change the progress of the next one.
    await pipeline.drained();
    slice.apply(leaveFlow(slice.state, reason));
  }
}

/**
 * Sweeps one flow from its watermark, until the window is through or the slice is over. The flow is swept
 * again, from the top, until a sweep lists nothing more to act on.
 */
async function sweep(slice: Slice, pipeline: Pipeline, matcher: Matcher): Promise<void> {
  const { request, progress } = slice.state.record;
  const counter = createListCounter(progress.counted);
  const pending: NewItem[] = [];
  const goneAgain = new Map<string, Execution>();
  let mark: Mark | null = null;
  let wasCut = false;
  let isThrough = false;

  /** The mark is applied with the batch that leaves nothing pending: all above it is settled then. */
  const submit = async () => {
    const items = pending.splice(0, Math.min(MAX_BATCH_SIZE, remainingLimit(slice.state)));
    const markThen = pending.length === 0 ? mark : null;
    await pipeline.submit({
      flow: slice.state.record.progress.flow,
      items,
      onSettled: (left) => {
        if (wasCut) return {};
        wasCut = left.length > 0;
        if (wasCut) return cutAt(slice.state, left);
        return markThen ? markedAt(slice.state, markThen) : {};
      },
    });
  };
  /** A dry run has counted matched executions below the watermark, which the record has not yet. */
  const isLimitReached = () => {
    const { counted } = slice.state.record.progress;
    return remainingLimit(slice.state) - (counter.matched - counted.matched) <= 0;
  };
  const maySubmit = () => pending.length > 0 && slice.mayStartItem && !isLimitReached();

  for await (const page of pagesOf(slice, pipeline, matcher, { counter, goneAgain })) {
    isThrough = page.isLast || isLimitReached();
    mark = { watermark: page.watermark, counted: counter.lower(isThrough ? null : page.watermark) };
    for (const execution of request.dryRun ? [] : page.candidates) {
      slice.seen.add(execution.sid);
      pending.push(itemOf(execution, request.archive));
    }
    const isWorthIt = pending.length >= MAX_BATCH_SIZE / 4;
    while (slice.mayStartBatch && maySubmit() && (page.isStuck || isWorthIt)) await submit();
    if (pending.length === 0 && !pipeline.isBusy && !wasCut) {
      slice.apply(markedAt(slice.state, mark));
      if (!isThrough) await slice.save();
    }
    isThrough ||= isLimitReached();
    if (isThrough || !slice.mayStartBatch) break;
  }
  // Acts on the rest while there is time, so that the next slice need not list it again.
  while (maySubmit()) await submit();
  await pipeline.drained();
  if (slice.state.leftOpen || !isThrough || wasCut || (pending.length > 0 && !isLimitReached())) return;
  if (mark) slice.apply(markedAt(slice.state, mark));
  await closeSweep(slice, pipeline, [...goneAgain.values()]);
}

function pagesOf(
  slice: Slice,
  pipeline: Pipeline,
  matcher: Matcher,
  found: { counter: ListCounter; goneAgain: Map<string, Execution> },
): AsyncGenerator<ListedPage, void, void> {
  const { record } = slice.state;
  const { progress, window, request } = record;
  const flow = record.flows[progress.flow];
  if (!flow) throw new Error(`Purge ${record.id} has no flow ${progress.flow}`);
  const status = countsLeft(request) ? 'any' : effectiveStatus(request.status, request.action);
  const filters = {
    ...(status === 'any' ? {} : { status }),
    ...(window.from === null ? {} : { dateCreatedFrom: window.from }),
  };
  return listWindow({
    to: progress.watermark ?? window.to,
    // A page that is read ahead shows what was there before a delete.
    pages: (to) =>
      slice.ports.upstream.pages(
        flow.sid,
        { ...filters, dateCreatedTo: to },
        request.dryRun,
        slice.time.signal,
      ),
    onPage: (items) => candidatesOn(slice, matcher, items, found),
    idleVersion: () => pipeline.idleVersion(),
    whenIdle: () => pipeline.drained(),
  });
}

/** Returns the executions of a page to act on, or to count in a dry run, and counts the others. */
async function candidatesOn(
  slice: Slice,
  matcher: Matcher,
  items: readonly Execution[],
  { counter, goneAgain }: { counter: ListCounter; goneAgain: Map<string, Execution> },
): Promise<Execution[]> {
  await learnFailed(slice, items);
  const { seen } = slice;
  const { request, progress } = slice.state.record;
  const room = remainingLimit(slice.state) + progress.counted.matched;
  const candidates: Execution[] = [];
  for (const execution of items.filter(matcher.inWindow)) {
    const { sid } = execution;
    const matched = matcher.matches(execution);
    if (matched && !seen.hasFailed(sid) && slice.state.record.progress.first === null)
      slice.apply({ progress: { first: sid } });
    if (matched && seen.wasGone(sid)) goneAgain.set(sid, execution);
    if (seen.has(sid) || counter.has(sid)) continue;
    if (matched) candidates.push(execution);
    if (!matched) counter.add(execution, matcher.isLeft(execution) ? ['others', 'left'] : ['others']);
    else if (request.dryRun && counter.matched < room)
      counter.add(execution, execution.status === 'ended' ? ['matched'] : ['matched', 'active']);
  }
  return candidates;
}

/** Looks up which executions of a page have failed before, since every sweep lists them again. */
async function learnFailed({ ports, seen, state }: Slice, items: readonly Execution[]): Promise<void> {
  const { id, counts, progress } = state.record;
  if (counts.failed === 0) return;
  const times = items.map(({ dateCreated }) => Date.parse(dateCreated ?? '')).filter(Number.isFinite);
  // Of a page without dates, only failures without one can be on it.
  const [from, to] = times.length > 0 ? [Math.min(...times), Math.max(...times)] : [0, 0];
  seen.setFailedBefore(await ports.failures.within(id, progress.flow, isoSecond(from), isoSecond(to)));
}

function itemOf(execution: Execution, isArchived: boolean): NewItem {
  const { sid, status, dateCreated } = execution;
  return { sid, active: status !== 'ended', created: dateCreated, ...(isArchived ? { execution } : {}) };
}

/** Moves the sweep to the mark and adds what was counted above it. */
function markedAt(state: SliceState, { watermark, counted }: Mark): Change {
  const { progress, counts, activeMatched, activeLeft } = state.record;
  const before = progress.counted;
  const matched = counted.matched - before.matched;
  return {
    madeProgress: state.madeProgress || watermark !== progress.watermark,
    progress: { watermark, counted },
    record: {
      counts: {
        ...counts,
        listed: counts.listed + matched + counted.others - before.others,
        matched: counts.matched + matched,
      },
      activeMatched: activeMatched + counted.active - before.active,
      activeLeft: activeLeft + counted.left - before.left,
    },
  };
}

/** Moves the sweep to the newest execution for which there was no time. */
function cutAt({ record: { progress, window } }: SliceState, left: readonly NewItem[]): Change {
  const watermark = watermarkAbove(left.map(({ created }) => created));
  const before = progress.watermark ?? window.to;
  return watermark !== null && watermark < before ? { progress: { watermark } } : {};
}

/**
 * The flow is through when a sweep lists nothing to act on. A list that lags behind is waited for. A sweep
 * that begins with the same execution as the one before has not shrunk what is left: after a few in a row,
 * the flow fails.
 */
async function closeSweep(slice: Slice, pipeline: Pipeline, goneAgain: readonly Execution[]): Promise<void> {
  const { state } = slice;
  const { request, progress, flows } = state.record;
  const { first, firstBefore, found } = progress;
  slice.apply({ madeProgress: true });
  if (remainingLimit(state) <= 0)
    return slice.apply({ progress: { ...leaveFlow(state).progress, flow: flows.length } });
  if (request.dryRun || first === null) return slice.apply(leaveFlow(state));
  const staleSweeps = first === firstBefore ? progress.staleSweeps + 1 : 0;
  const pauseSeconds = LAG_PAUSES_SECONDS[staleSweeps];
  if (pauseSeconds === undefined) return failFlow(slice, pipeline, goneAgain);
  slice.apply(newSweep(state, { firstBefore: first, staleSweeps }));
  if (found === 0) slice.apply({ pauseSeconds });
}

/** Moves the sweep to the top of the flow and takes back what the last one only counted. */
function newSweep({ record }: SliceState, progress: Change['progress']): Change {
  const { counts, activeLeft, progress: before } = record;
  return {
    record: {
      counts: { ...counts, listed: counts.listed - before.counted.others },
      activeLeft: activeLeft - before.counted.left,
    },
    progress: { ...NEW_SWEEP, ...progress },
  };
}

/**
 * Leaves the flow with an error. Executions that Studio reports as missing, and still lists, count as failed
 * instead of `alreadyGone`.
 */
async function failFlow(slice: Slice, pipeline: Pipeline, goneAgain: readonly Execution[]): Promise<void> {
  const { request, counts, progress } = slice.state.record;
  const { flow } = progress;
  const failed = goneAgain
    .slice(0, counts.alreadyGone)
    .map((execution) => stillListed(execution, request.action));
  while (failed.length > 0)
    await pipeline.submit({ flow, items: [], wereGone: failed.splice(0, RETRY_BATCH_SIZE), archived: true });
  await pipeline.drained();
  const done = request.action === 'delete' ? 'deleted' : 'ended';
  slice.apply(leaveFlow(slice.state, `list: it goes on to show what Studio says is ${done}`));
}

/** A permanent failure, because Studio would answer a retry in the same way. */
function stillListed({ sid, dateCreated }: Execution, action: string): FailedItem {
  return {
    sid,
    created: secondOf(dateCreated),
    active: false,
    archived: false,
    reason: `${action}: not-found, but it is still listed`,
    transient: false,
    possibleEffect: 'nothing',
    round: 0,
  };
}

/** Moves the purge to the next flow. `reason` says why this flow failed. No batch may be open. */
function leaveFlow({ record }: SliceState, reason?: string): Change {
  const { flow, flowErrors } = record.progress;
  const alias = record.flows[flow]?.alias ?? '';
  return {
    progress: {
      ...NEW_FLOW,
      flow: flow + 1,
      flowErrors: reason === undefined ? flowErrors : [...flowErrors, { flow: alias, reason }],
    },
  };
}
