import type { Batches } from '../batch/batches.ts';
import type { Trouble } from '../batch/breaker.ts';
import { dropSettled } from '../batch/take-up.ts';
import { isoMillisecond } from '../order/selection.ts';
import { type Counts, MAX_FAILURES_NAMED, NO_COUNTS, type PurgeStatus } from '../record/record.ts';
import { withLastWord } from './last-word.ts';
import {
  MAX_FLOW_ERRORS_TOLD,
  MAX_FRUITLESS_REFUSED,
  MIN_SLICE_MS,
  PAUSES_SECONDS,
  WAITING_HEARTBEAT_MS,
} from './limits.ts';
import type { Session } from './session.ts';

/** All that a slice hands back: where the purge stands is in its record. */
export type SliceResult = {
  status: PurgeStatus | 'superseded';
  pauseSeconds: number;
  /** Nothing was done, since it is another purge's turn: the pause is for who runs the slices to choose. */
  awaitsTurn?: true;
  /** What this slice added to the purge's counts. */
  added: Counts;
};

/** The slice is over and the purge is not: the record says how far it is, and the next one goes on. */
export async function rest(session: Session, batches: Batches, pauseSeconds: number): Promise<SliceResult> {
  // What is in doubt gets one more slice, even after the wish to stop.
  if (session.stopRequested && !session.leftOpen) return finish(session, batches, 'stopped', null);
  if (!session.hasGotOn && !session.awaitsTurn)
    session.trouble ??= { reason: 'nothing could be done in the time of a slice', refused: false };
  if (session.trouble) return giveUp(session, batches, session.trouble);
  const { dateUpdated } = session.record;
  if (session.awaitsTurn && !session.hasGotOn) {
    if (session.ports.now() - Date.parse(dateUpdated) >= WAITING_HEARTBEAT_MS) await session.save();
    return { ...resultOf(session, 0), awaitsTurn: true };
  }
  session.progress({ fruitless: 0 });
  await session.save();
  return resultOf(session, pauseSeconds);
}

/** The next slices wait longer and longer; then the purge ends, with everything that it did counted. */
async function giveUp(session: Session, batches: Batches, trouble: Trouble): Promise<SliceResult> {
  // Refused one by one, a purge gets through its list, and yet nowhere.
  const hasHelped = trouble.refused ? session.hasDone : session.gotOn;
  const fruitless = hasHelped ? 0 : session.record.progress.fruitless + 1;
  const most = trouble.refused ? MAX_FRUITLESS_REFUSED : PAUSES_SECONDS.length;
  if (session.stopRequested) return finish(session, batches, 'stopped', null);
  if (fruitless > most)
    return finish(session, batches, 'failed', `Given up after many tries: ${trouble.reason}`);
  session.progress({ fruitless });
  await session.save();
  return resultOf(session, PAUSES_SECONDS[Math.max(0, fruitless - 1)] ?? 1);
}

export async function conclude(session: Session, batches: Batches): Promise<SliceResult> {
  const { counts, progress } = session.record;
  const errors = progress.flowErrors
    .slice(0, MAX_FLOW_ERRORS_TOLD)
    .map(({ flow, reason }) => `flow ${flow} could not be listed: ${reason}`);
  const more = progress.flowErrors.length - errors.length;
  if (more > 0) errors.push(`nor could ${more} more flows`);
  if (counts.failed > 0) errors.unshift(`${counts.failed} of ${counts.matched} executions failed`);
  if (errors.length === 0) return finish(session, batches, 'succeeded', null);
  return finish(session, batches, 'failed', errors.join('; '));
}

export async function finish(
  session: Session,
  batches: Batches,
  status: PurgeStatus,
  error: string | null,
): Promise<SliceResult> {
  const { id } = session.record;
  const { failures } = await session.ports.failures.page(id, null);
  const named = failures.slice(0, MAX_FAILURES_NAMED).map(({ sid, reason }) => ({ sid, reason }));
  await dropSettled(session);
  session.change({ failures: named });
  session.change(await withLastWord(session.ports, session.record, error));
  // Before the record says that it is over: then nothing of it is under way any more.
  await batches.leave();
  session.change({ status, dateEnded: isoMillisecond(session.ports.now()) });
  await session.save();
  return resultOf(session, 0);
}

function resultOf(session: Session, pauseSeconds: number): SliceResult {
  const { status } = session.record;
  // A process that has not the time for another slice is left; a pause brings a new one.
  const rest = status === 'running' && session.ports.remainingMs() < MIN_SLICE_MS ? 1 : 0;
  const { added } = session;
  return { status, pauseSeconds: Math.max(pauseSeconds, rest), added };
}

export function nothingDone(status: SliceResult['status'], pauseSeconds = 0): SliceResult {
  return { status, pauseSeconds, added: NO_COUNTS };
}
