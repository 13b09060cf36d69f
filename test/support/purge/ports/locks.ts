import { LOCK_LEASE_SECONDS } from '../../../../lib/purge/engine/limits.ts';
import type { LockStore } from '../../../../lib/purge/engine/ports.ts';

type Lock = { owner: string; untilMs: number; next?: { purge: string; isUrgent: boolean } };

/** Locks as the table keeps them. */
export function createMemoryLocks(now: () => number): LockStore {
  const locks = new Map<string, Lock>();
  const until = () => now() + LOCK_LEASE_SECONDS * 1_000;
  return {
    async acquire(flowSid, purge, isUrgent) {
      const lock = locks.get(flowSid);
      if (!lock || lock.owner === purge || lock.untilMs < now()) {
        locks.set(flowSid, { ...lock, owner: purge, untilMs: until() });
        return true;
      }
      if (!lock.next || (isUrgent && !lock.next.isUrgent)) lock.next = { purge, isUrgent };
      return false;
    },
    async release(flowSid, purge) {
      const lock = locks.get(flowSid);
      if (lock?.owner !== purge) return;
      if (!lock.next || lock.next.purge === purge) locks.delete(flowSid);
      else locks.set(flowSid, { owner: lock.next.purge, untilMs: until() });
    },
  };
}
