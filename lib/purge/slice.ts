import { StudioError } from '../studio/errors.ts';
import { isTransient, reasonOf } from './act.ts';
import { Batches } from './batches.ts';
import { madeWith } from './contact.ts';
import {
  MAX_FRUITLESS_REFUSED,
  MIN_SLICE_MS,
  PAUSES_SECONDS,
  RETRY_PAUSE_SECONDS,
  TURN_PAUSE_SECONDS,
} from './limits.ts';
import type { Batch } from './ports.ts';
import { SupersededError } from './ports.ts';
import { type Counts, MAX_FAILURES_NAMED, NO_COUNTS, type PurgeStatus } from './record.ts';
import { isRetryable, retryRound } from './retry.ts';
import { isoMillisecond, matcherOf } from './selection.ts';
import { type Ports, Session } from './session.ts';
import { sweep } from './sweep.ts';

/** All that a slice hands back: where the purge stands is in its record. */
export type SliceResult = {
  status: PurgeStatus | 'superseded';
  pauseSeconds: number;
  /** What this slice added to the purge's counts. */
  added: Counts;
  /** Whether it was this slice that brought the purge to its end. */
  hasEnded: boolean;
};

/**
 * Up to a minute of a purge's work, safe to be killed anywhere and to be run again. Throws only what is
 * neither Studio's nor the archive's doing (the table cannot be reached); everything else is in the record.
 */
export async function runSlice(id: string, ports: Ports): Promise<SliceResult> {
  const stored = await ports.store.read(id);
  if (!stored) throw new Error(`There is no purge ${id}`);
  if (stored.record.status !== 'running') return nothingDone(stored.record.status);
  const session = new Session(stored, ports);
  try {
    return await work(session);
  } catch (error) {
    if (error instanceof SupersededError) return nothingDone('superseded');
    throw error;
  }
}

/** Nothing of a slice goes on after it, however it ends: whoever comes next must not meet it. */
async function work(session: Session): Promise<SliceResult> {
  const batches = new Batches(session);
  try {
    await takeUp(session, batches);
    // What could not be done once more is open still, and this purge's turn goes on with it.
    if (session.trouble) return await giveUp(session, batches);
    const result = await goOn(session, batches);
    await batches.leave();
    return result;
  } catch (error) {
    session.trouble ??= { reason: 'the slice failed', refused: false };
    await batches.drained().catch(() => undefined);
    throw error;
  }
}

async function goOn(session: Session, batches: Batches): Promise<SliceResult> {
  const { request } = session.record;
  const contactKey = request.contact === null ? null : await session.ports.contactKey();
  if (request.contact !== null && contactKey && !madeWith(contactKey, request.contact))
    return finish(
      session,
      batches,
      'failed',
      'The API key was rotated since this was asked for: ask for it again.',
    );
  const matcher = matcherOf(session.record, contactKey);

  let anotherRound = false;
  while (session.mayGoOn) {
    if (session.record.progress.flow < session.record.flows.length) {
      if (request.dryRun || (await batches.mayActOn(session.record.progress.flow)))
        await watching(session, () => sweep(session, batches, matcher));
    } else if (session.record.counts.failed > 0 && (await anyRetryable(session))) {
      anotherRound = (await watching(session, () => retryRound(session, batches))) ?? true;
      if (session.mayGoOn && !anotherRound) return conclude(session, batches);
      break;
    } else return conclude(session, batches);
  }
  // Whatever ended the loop, what is under way must be in the record before anybody else goes on.
  await batches.drained();
  if (session.stopRequested) return finish(session, batches, 'stopped', null);
  if (!session.hasGotOn && !session.awaitsTurn)
    session.trouble ??= { reason: 'nothing could be done in the time of a slice', refused: false };
  if (session.trouble) return giveUp(session, batches);
  session.progress({ fruitless: 0 });
  await session.save();
  if (session.awaitsTurn) return resultOf(session, TURN_PAUSE_SECONDS);
  return resultOf(session, anotherRound ? RETRY_PAUSE_SECONDS : 0);
}

/** Does once more what was begun and not counted, and remembers what failed. */
async function takeUp(session: Session, batches: Batches): Promise<void> {
  const begun: Batch[] = [];
  /** Settled, but its worker died before it could be dropped. */
  const overdue = new Set<number>();
  for await (const batch of session.ports.store.batches(session.record.id)) {
    if (batch.seq > session.record.progress.settledBatch) begun.push(batch);
    else {
      for (const seq of batch.retryOf?.seqs ?? []) overdue.add(seq);
      if (batch.failed.length === 0) overdue.add(batch.seq);
    }
    for (const { sid } of batch.failed) session.failed.add(sid);
    for (const { sid } of batch.retryOf?.failed ?? []) session.failed.add(sid);
  }
  for (const seq of overdue) await session.ports.store.dropBatch(session.record.id, seq);
  for (const batch of begun) {
    if (session.trouble === null) await batches.replay(batch);
  }
}

/** Runs one phase; Studio's errors end the flow, if they are about the flow, or else the slice. */
async function watching<T>(session: Session, phase: () => Promise<T>): Promise<T | undefined> {
  try {
    return await phase();
  } catch (error) {
    if (!(error instanceof StudioError)) throw error;
    const reason = reasonOf('list', error);
    if (isTransient(error.kind)) {
      session.trouble ??= { reason, refused: error.kind === 'refused-credentials' };
    } else {
      const { progress, flows } = session.record;
      const flow = flows[progress.flow]?.alias ?? '';
      session.progress({
        flow: progress.flow + 1,
        sweep: 1,
        foundInSweep: 0,
        bound: null,
        flowErrors: [...progress.flowErrors, { flow, reason }],
      });
    }
    return undefined;
  }
}

async function anyRetryable(session: Session): Promise<boolean> {
  for await (const batch of session.ports.store.batches(session.record.id))
    if (isRetryable(batch)) return true;
  return false;
}

/** The next slices wait longer and longer; then the purge ends, with everything that it did counted. */
async function giveUp(session: Session, batches: Batches): Promise<SliceResult> {
  const { trouble, record } = session;
  if (!trouble) throw new Error('There was no trouble');
  const fruitless = session.gotOn ? 0 : record.progress.fruitless + 1;
  const most = trouble.refused ? MAX_FRUITLESS_REFUSED : PAUSES_SECONDS.length;
  if (session.stopRequested) return finish(session, batches, 'stopped', null);
  if (fruitless > most)
    return finish(session, batches, 'failed', `Given up after many tries: ${trouble.reason}`);
  session.progress({ fruitless });
  await session.save();
  return resultOf(session, PAUSES_SECONDS[Math.max(0, fruitless - 1)] ?? 1);
}

async function conclude(session: Session, batches: Batches): Promise<SliceResult> {
  const { counts, progress } = session.record;
  const errors = progress.flowErrors.map(({ flow, reason }) => `flow ${flow} could not be listed: ${reason}`);
  if (counts.failed > 0) errors.unshift(`${counts.failed} of ${counts.matched} executions failed`);
  if (errors.length === 0) return finish(session, batches, 'succeeded', null);
  return finish(session, batches, 'failed', errors.join('; '));
}

async function finish(
  session: Session,
  batches: Batches,
  status: PurgeStatus,
  error: string | null,
): Promise<SliceResult> {
  const failures = [];
  for await (const batch of session.ports.store.batches(session.record.id)) {
    for (const { sid, reason } of batch.failed)
      if (failures.length < MAX_FAILURES_NAMED) failures.push({ sid, reason });
  }
  // Before the record says that it is over: then nothing of it is under way any more.
  await batches.leave();
  session.change({ status, error, failures, dateEnded: isoMillisecond(session.ports.now()) });
  await session.save();
  return resultOf(session, 0);
}

function resultOf(session: Session, pauseSeconds: number): SliceResult {
  const { status } = session.record;
  const hasEnded = status !== 'running';
  // A process that has not the time for another slice is left; a pause brings a new one.
  const rest = !hasEnded && session.ports.remainingMs() < MIN_SLICE_MS ? 1 : 0;
  return { status, pauseSeconds: Math.max(pauseSeconds, rest), added: session.added, hasEnded };
}

function nothingDone(status: SliceResult['status']): SliceResult {
  return { status, pauseSeconds: 0, added: NO_COUNTS, hasEnded: false };
}
