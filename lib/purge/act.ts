import { StudioError, type StudioErrorKind } from '../studio/errors.ts';
import type { Upstream } from './ports.ts';
import type { PurgeAction } from './record.ts';

export type Acted =
  | { outcome: 'done' | 'already-gone'; ended: boolean }
  | { outcome: 'failed'; ended: boolean; reason: string; transient: boolean };

export type Item = { sid: string; active: boolean };

/**
 * Ends one execution, or erases it: an active one is ended first, always.
 *
 * `repeated` says that this purge may have acted on it before (its batch was found open after a crash, or
 * it failed earlier): what is gone by now then counts as this purge's work. Without it, only an earlier
 * attempt of the same call, whose answer was lost, makes it so.
 */
export async function actOn(
  upstream: Upstream,
  flowSid: string,
  { sid, active }: Item,
  action: PurgeAction,
  repeated: boolean,
): Promise<Acted> {
  let ended = false;
  let step: 'end' | 'delete' = 'end';
  const end = async () => {
    step = 'end';
    const result = await upstream.end(flowSid, sid);
    // Of one that was listed as ended, `already-ended` says nothing about this purge's own doing.
    if (result.outcome === 'ended' || (active && (repeated || isOurs(result)))) ended = true;
  };
  const erase = async () => {
    step = 'delete';
    const result = await upstream.delete(flowSid, sid);
    return result.outcome === 'deleted' || repeated || isOurs(result);
  };
  try {
    if (active || action === 'end') await end();
    if (action === 'end') return { outcome: ended ? 'done' : 'already-gone', ended };
    const erased = await unlessActive(erase, end);
    return { outcome: erased ? 'done' : 'already-gone', ended };
  } catch (error) {
    if (!(error instanceof StudioError)) throw error;
    // Gone before it could be ended: for `delete` that is the same as gone before it could be deleted.
    // Gone in a repeat, it was ended before it was deleted, as this purge always does.
    if (error.kind === 'not-found')
      return repeated ? { outcome: 'done', ended: ended || active } : { outcome: 'already-gone', ended };
    return { outcome: 'failed', ended, reason: reasonOf(step, error), transient: isTransient(error.kind) };
  }
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

function isOurs(result: { afterUnclear?: boolean }): boolean {
  return result.afterUnclear === true;
}

export function reasonOf(step: string, { kind, code }: StudioError): string {
  return code === undefined ? `${step}: ${kind}` : `${step}: ${kind} (${code})`;
}

/** Whether the same call may succeed later. */
export function isTransient(kind: StudioErrorKind): boolean {
  switch (kind) {
    case 'timeout':
    case 'connection':
    case 'throttled':
    case 'unavailable':
    case 'nonsense':
    case 'refused-credentials':
    case 'aborted':
    case 'conflict':
      return true;
    case 'invalid-argument':
    case 'not-found':
    case 'rejected':
      return false;
  }
}
