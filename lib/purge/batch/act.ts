import { StudioError, type StudioErrorKind } from '../../studio/errors.ts';
import { mayHaveTakenEffect } from '../../studio/http/retry.ts';
import type { Upstream } from '../engine/ports.ts';
import type { PurgeAction } from '../record/record.ts';
import type { PossibleEffect } from './batch.ts';

/** The same call would fail again. */
const PERMANENT: ReadonlySet<StudioErrorKind> = new Set([
  'invalid-argument',
  'not-found',
  'other-flow',
  'rejected',
]);

export type Acted =
  | { outcome: 'done' | 'already-gone'; ended: boolean }
  /** `active`: whether it may be active still. */
  | ({ outcome: 'failed'; ended: boolean; active: boolean; possibleEffect: PossibleEffect } & Failing)
  /** The slice's time was over during the call, whose outcome is unknown. */
  | { outcome: 'cut' };

/** `transient`: whether another try may help. `refused`: whether Studio refuses the credentials. */
export type Failing = { reason: string; transient: boolean; refused: boolean };

export type Item = { sid: string; active: boolean; possibleEffect: PossibleEffect };

/**
 * Ends one execution, or deletes it; an active one is always ended first. `done`: this purge did it, because
 * Studio confirmed it, or because it is done and an earlier call of this purge, whose response was lost, may
 * have done it. Otherwise an execution that is done already counts as `already-gone`.
 */
export async function actOn(
  upstream: Upstream,
  flowSid: string,
  { sid, active, possibleEffect }: Item,
  action: PurgeAction,
  signal?: AbortSignal,
): Promise<Acted> {
  let ended = false;
  let endedBefore = false;
  let mayBeActive = active;
  let step: 'end' | 'delete' = 'end';
  const end = async () => {
    step = 'end';
    const result = await upstream.end(flowSid, sid, signal);
    mayBeActive = false;
    if (result.outcome === 'ended') ended = true;
    // If it was listed as ended, this purge has not ended it.
    else endedBefore = active && (possibleEffect !== 'nothing' || result.afterLostResponse);
  };
  const erase = async () => {
    step = 'delete';
    const result = await upstream.delete(flowSid, sid, signal);
    return result.outcome === 'deleted' || possibleEffect === 'deleted' || result.afterLostResponse;
  };
  try {
    if (active || action === 'end') await end();
    if (action === 'end') return outcomeOf(ended || endedBefore, ended || endedBefore);
    return outcomeOf(await unlessActive(erase, end), ended || endedBefore);
  } catch (error) {
    if (!(error instanceof StudioError)) throw error;
    if (error.kind === 'aborted') return { outcome: 'cut' };
    // A conflict means that the execution is still active, so no earlier call has ended it.
    if (error.kind === 'conflict') mayBeActive = !ended;
    else ended ||= endedBefore;
    // It is gone. If this purge deleted it, this purge ended it before, unless it was listed as ended.
    if (error.kind === 'not-found')
      return possibleEffect === 'deleted' && action === 'delete'
        ? { outcome: 'done', ended: ended || active }
        : { outcome: 'already-gone', ended };
    return {
      outcome: 'failed',
      ended,
      active: mayBeActive,
      possibleEffect: effectAfter(step, error, possibleEffect),
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

function effectAfter(step: 'end' | 'delete', error: StudioError, before: PossibleEffect): PossibleEffect {
  // The execution exists, so no earlier call has deleted it.
  if (error.kind === 'conflict') return 'nothing';
  if (!error.afterLostResponse && !mayHaveTakenEffect(error)) return before;
  return step === 'delete' || before === 'deleted' ? 'deleted' : 'ended';
}

export function failingOf(step: string, { kind, code }: StudioError): Failing {
  return {
    reason: code === undefined ? `${step}: ${kind}` : `${step}: ${kind} (${code})`,
    transient: !PERMANENT.has(kind),
    refused: kind === 'refused-credentials',
  };
}
