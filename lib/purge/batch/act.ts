import { StudioError, type StudioErrorKind } from '../../studio/errors.ts';
import { mayHaveHappened } from '../../studio/http/retry.ts';
import type { Unclear, Upstream } from '../engine/ports.ts';
import type { PurgeAction } from '../record/record.ts';

export type Acted =
  | { outcome: 'done' | 'already-gone'; ended: boolean }
  | ({ outcome: 'failed'; ended: boolean; unclear: Unclear } & Failing)
  /** The slice's time was over: it may have been done, or not. */
  | { outcome: 'cut' };

/** Why Studio did not do its part: the reason is ours; whether another try may help; whether it is the credentials. */
export type Failing = { reason: string; transient: boolean; refused: boolean };

/** `unclear`: what this purge may have done to it before, without having learnt so. */
export type Item = { sid: string; active: boolean; unclear: Unclear };

/**
 * Ends one execution, or erases it: an active one is ended first, always.
 *
 * What is claimed as this purge's own work, and so counted as `deleted` or `ended` and put into the digest, is
 * what Studio confirmed; and what is gone (or ended) by the time of another try, if an earlier try of this
 * very purge may have done it: its answer was lost, it was a 5xx, or the worker died, or ran out of time, with
 * it under way. Only there somebody else's deletion in between could be taken for ours: one by hand, or another
 * purge's in a turn between a failure and its retry. What was refused for certain (429, 409 and other 4xx, an archive that
 * could not be read) claims nothing: gone afterwards, it counts as `alreadyGone`.
 */
export async function actOn(
  upstream: Upstream,
  flowSid: string,
  { sid, active, unclear }: Item,
  action: PurgeAction,
): Promise<Acted> {
  let ended = false;
  let endedBefore = false;
  let step: 'end' | 'delete' = 'end';
  const end = async () => {
    step = 'end';
    const result = await upstream.end(flowSid, sid);
    if (result.outcome === 'ended') ended = true;
    // Of one that was listed as ended, `already-ended` says nothing about this purge's own doing.
    else endedBefore = active && (unclear !== 'nothing' || result.afterUnclear);
  };
  const erase = async () => {
    step = 'delete';
    const result = await upstream.delete(flowSid, sid);
    return result.outcome === 'deleted' || unclear === 'deleted' || result.afterUnclear;
  };
  try {
    if (active || action === 'end') await end();
    if (action === 'end') return outcomeOf(ended || endedBefore, ended || endedBefore);
    return outcomeOf(await unlessActive(erase, end), ended || endedBefore);
  } catch (error) {
    if (!(error instanceof StudioError)) throw error;
    if (error.kind === 'aborted') return { outcome: 'cut' };
    // Active still, whatever Studio says of the end: then nothing has ended it before.
    if (error.kind !== 'conflict') ended ||= endedBefore;
    // Gone before it could be ended: for `delete` that is the same as gone before it could be deleted.
    // Deleted by this purge, it was ended before, as this purge always does.
    if (error.kind === 'not-found')
      return unclear === 'deleted' && action === 'delete'
        ? { outcome: 'done', ended: ended || active }
        : { outcome: 'already-gone', ended };
    return {
      outcome: 'failed',
      ended,
      unclear: unclearAfter(step, error, unclear),
      ...failingOf(step, error),
    };
  }
}

function outcomeOf(isOurs: boolean, ended: boolean): Acted {
  return { outcome: isOurs ? 'done' : 'already-gone', ended };
}

/** It was listed as ended and is active after all: end it, then delete it once more. */
async function unlessActive(erase: () => Promise<boolean>, end: () => Promise<void>): Promise<boolean> {
  try {
    return await erase();
  } catch (error) {
    if (!(error instanceof StudioError) || error.kind !== 'conflict') throw error;
    await end();
    return erase();
  }
}

function unclearAfter(step: 'end' | 'delete', error: StudioError, before: Unclear): Unclear {
  // It is there, so nothing has deleted it.
  if (error.kind === 'conflict') return 'nothing';
  if (!error.afterUnclear && !mayHaveHappened(error)) return before;
  return step === 'delete' || before === 'deleted' ? 'deleted' : 'ended';
}

export function failingOf(step: string, { kind, code }: StudioError): Failing {
  return {
    reason: code === undefined ? `${step}: ${kind}` : `${step}: ${kind} (${code})`,
    transient: isTransient(kind),
    refused: kind === 'refused-credentials',
  };
}

/** Whether the same call may succeed later. */
function isTransient(kind: StudioErrorKind): boolean {
  switch (kind) {
    case 'timeout':
    case 'connection':
    case 'throttled':
    case 'unavailable':
    case 'nonsense':
    case 'refused-credentials':
    case 'aborted':
    case 'conflict':
    case 'still-there':
      return true;
    case 'invalid-argument':
    case 'not-found':
    case 'other-flow':
    case 'rejected':
      return false;
  }
}
