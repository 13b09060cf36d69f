import { StudioError } from '../../studio/errors.ts';
import { failingOf } from '../batch/act.ts';
import { Batches } from '../batch/batches.ts';
import { retryRound } from '../batch/retry.ts';
import { takeUp } from '../batch/take-up.ts';
import { madeWith } from '../order/contact-key.ts';
import { matcherOf } from '../order/selection.ts';
import { leaveFlow, sweep } from '../sweep/sweep.ts';
import { TooManyDeaths } from './deaths.ts';
import { conclude, finish, nothingDone, rest, type SliceResult } from './endings.ts';
import { RETRY_PAUSE_SECONDS, SUPERSEDED_PAUSE_SECONDS } from './limits.ts';
import { OpenAlreadyError, SupersededError } from './ports.ts';
import { type Ports, Session } from './session.ts';

/**
 * Runs up to a minute of a purge's work as the durable step `step`. May be killed at any point and run again.
 * Throws only errors that neither Studio nor the archive caused (the table cannot be reached); everything
 * else is in the record.
 */
export async function runSlice(id: string, ports: Ports, step: string): Promise<SliceResult> {
  const stored = await ports.store.read(id);
  if (!stored) throw new Error(`There is no purge ${id}`);
  if (stored.record.status !== 'running') return nothingDone(stored.record.status);
  const session = new Session(stored, ports, step);
  try {
    return await work(session);
  } catch (error) {
    if (error instanceof OpenAlreadyError) return nothingDone('running', SUPERSEDED_PAUSE_SECONDS);
    // Somebody else's write: another worker's, or the last one of a worker that is dead by now.
    if (error instanceof SupersededError) return nothingDone('superseded', SUPERSEDED_PAUSE_SECONDS);
    await session.withdraw().catch(() => undefined);
    throw error;
  } finally {
    session.close();
  }
}

/** Nothing of a slice goes on after it, however it ends: whoever comes next must not meet it. */
async function work(session: Session): Promise<SliceResult> {
  const batches = new Batches(session);
  try {
    await takeUp(session, batches);
    const result = await (session.leftOpen || session.trouble
      ? endAfterTakeUp(session, batches)
      : goOn(session, batches));
    // With what is open still, this purge's turn goes on.
    if (!session.leftOpen) await batches.leave();
    return result;
  } catch (error) {
    session.breakOff();
    await batches.drained().catch(() => undefined);
    if (!(error instanceof TooManyDeaths)) throw error;
    session.leftOpen = true;
    return finish(session, batches, 'failed', error.message);
  }
}

/** After the wish to stop, one more slice was enough: what it could not do stays in doubt, and the record says so. */
async function endAfterTakeUp(session: Session, batches: Batches): Promise<SliceResult> {
  if (session.stopRequested) return finish(session, batches, 'stopped', null);
  return rest(session, batches, 0);
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
  while (session.mayGoOn && session.pauseSeconds === 0) {
    if (session.record.progress.flow < session.record.flows.length) {
      if (request.dryRun || (await batches.mayActOn(session.record.progress.flow))) {
        await session.begin();
        await watching(session, batches, () => sweep(session, batches, matcher));
      }
    } else if (session.record.counts.failed > 0) {
      await session.begin();
      anotherRound = (await watching(session, batches, () => retryRound(session, batches))) ?? true;
      if (session.mayGoOn && !anotherRound) return conclude(session, batches);
      break;
    } else return conclude(session, batches);
  }
  // Whatever ended the loop, what is under way must be in the record before anybody else goes on.
  await batches.drained();
  return rest(session, batches, anotherRound ? RETRY_PAUSE_SECONDS : session.pauseSeconds);
}

/** Runs one phase; Studio's errors end the flow, if they are about the flow, or else the slice. */
async function watching<T>(
  session: Session,
  batches: Batches,
  phase: () => Promise<T>,
): Promise<T | undefined> {
  try {
    return await phase();
  } catch (error) {
    if (!(error instanceof StudioError)) throw error;
    const { reason, transient, refused } = failingOf('list', error);
    // That its time is over is no trouble, unless nothing came of it.
    if (error.kind === 'aborted' && session.time.signal.aborted) return undefined;
    if (transient) {
      session.trouble ??= { reason, refused };
    } else {
      // What is under way is about this flow: the next one's progress is not its to change.
      await batches.drained();
      leaveFlow(session, reason);
    }
    return undefined;
  }
}
