import { daysBefore, FLOWS, type PlannedPurge } from './plan.ts';
import type { Existing, Truth } from './protocol.ts';

/** Which executions a purge was to take, worked out from what existed, without any of the purge's own code. */

export type Bounds = { from: string | null; to: string | null };

export function boundsOf({ fromDays, toDays }: PlannedPurge, startMs: number): Bounds {
  const at = (days: number | null) => (days === null ? null : daysBefore(startMs, days));
  return { from: at(fromDays), to: at(toDays) };
}

/** In its flows and window. */
function isInReach(purge: PlannedPurge, { from, to }: Bounds, one: Existing): boolean {
  return (
    purge.flows.some((flow) => FLOWS[flow] === one.flowSid) &&
    (from === null || one.createdMs >= Date.parse(from)) &&
    (to === null || one.createdMs < Date.parse(to))
  );
}

export function isSelected(purge: PlannedPurge, bounds: Bounds, one: Existing): boolean {
  const hasStatus = purge.status === 'any' || one.active === (purge.status === 'active');
  const isOfContact = purge.contact === undefined || one.to === purge.contact;
  return hasStatus && isOfContact && isInReach(purge, bounds, one);
}

/** At some time: an active one that was ended meanwhile is among the ended ones from then on. */
export function mayBeSelected(purge: PlannedPurge, bounds: Bounds, facts: Facts, one: Existing): boolean {
  const hasEnded = facts.ended.has(one.sid) || facts.endedElsewhere.has(one.sid);
  return isSelected(purge, bounds, one) || (hasEnded && isSelected(purge, bounds, { ...one, active: false }));
}

/** The truth, ready to be asked. */
export type Facts = {
  existed: readonly Existing[];
  deleted: ReadonlySet<string>;
  /** By a purge. */
  ended: ReadonlySet<string>;
  endedElsewhere: ReadonlySet<string>;
  /** By another user of the account; and those of them that a purge was told of without a doubt. */
  deletedElsewhere: ReadonlySet<string>;
  metGone: ReadonlySet<string>;
  deletedWhileActive: number;
};

export function factsOf(existed: readonly Existing[], truth: Truth): Facts {
  return {
    existed,
    deleted: new Set(truth.deleted),
    ended: new Set(truth.ended),
    endedElsewhere: new Set(truth.endedElsewhere),
    deletedElsewhere: new Set(truth.deletedElsewhere),
    metGone: new Set(truth.metGone),
    deletedWhileActive: truth.deletedWhileActive,
  };
}

/** Whether that was done to it which this purge was to do. */
export function isDone({ action }: PlannedPurge, facts: Facts, { sid, active }: Existing): boolean {
  if (facts.deletedElsewhere.has(sid)) return true;
  if (facts.deleted.has(sid)) return action === 'delete';
  return action === 'end' && (!active || facts.ended.has(sid) || facts.endedElsewhere.has(sid));
}
