import type { Claim, ClaimStore } from '../../../lib/idempotency/claims.ts';

/** The store that a table is held against: the same promises, in memory. */
export function createMemoryClaims(): ClaimStore & { records: Map<string, Claim> } {
  const records = new Map<string, Claim>();
  return {
    records,
    async claim(claim, nowMs) {
      const standing = records.get(claim.id);
      if (standing && standing.expiresAtMs > nowMs) return { outcome: 'exists', claim: standing };
      records.set(claim.id, claim);
      return { outcome: 'claimed' };
    },
    async takeOver(seen, next) {
      const standing = records.get(seen.id);
      const unchanged =
        standing?.owner === seen.owner &&
        standing.leaseUntilMs === seen.leaseUntilMs &&
        standing.answer === null;
      if (unchanged) records.set(next.id, next);
      return unchanged;
    },
    async update(next) {
      const own = records.get(next.id)?.owner === next.owner;
      if (own) records.set(next.id, next);
      return own;
    },
    async release({ id, owner }) {
      if (records.get(id)?.owner === owner) records.delete(id);
    },
  };
}
