/**
 * The claim on an idempotency key: one record with its owner, the interval in which an execution may have been
 * created, and, once settled, the answer. It holds hashes and times, and no address.
 */

/** Time in which no other attempt may take the claim over. Longer than a request may take (25 s). */
export const LEASE_MS = 30_000;

/** A create is sent at most this long after its claim was written or renewed, or not at all. */
export const SEND_INTERVAL_MS = 15_000;

/** How long a key is remembered after the last write. The API promises 24 hours. */
export const KEEP_MS = 25 * 60 * 60_000;

/** The interval in which a create may have been sent under the claim, in epoch milliseconds. */
export type SendInterval = { fromMs: number; untilMs: number };

export type Claim = {
  /** An unkeyed hash of caller, route and key: see keys.ts for what it keeps secret. */
  id: string;
  /** A hash of the payload, keyed with the idempotency key: shows another payload under the same key. */
  fingerprint: string;
  /** Chosen by the first attempt and passed to every later one. Small and opaque. */
  firstAttemptValue: string;
  /** Random for each attempt; only the owner may renew, settle, leave or release. */
  owner: string;
  leaseUntilMs: number;
  sendInterval: SendInterval;
  /** The answer, once there is one. */
  answer: string | null;
  /** From then on the claim counts as absent, even if the table still has it. */
  expiresAtMs: number;
};

/** The table failed or returned an invalid item. The write may or may not have happened. */
export class ClaimStoreError extends Error {
  override readonly name = 'ClaimStoreError';
}

/**
 * Stores claims. Every method is one conditional write, and throws a ClaimStoreError when the store fails. A
 * write that the transport repeats has the effect of one.
 */
export type ClaimStore = {
  /** Writes the claim, or returns the one that exists and has not expired. */
  claim(claim: Claim, nowMs: number): Promise<{ outcome: 'claimed' } | { outcome: 'exists'; claim: Claim }>;
  /** Replaces an unsettled `seen` by `next`, unless it has changed since. */
  takeOver(seen: Claim, next: Claim): Promise<boolean>;
  /** Replaces the owner's claim by `next`. Returns false if the claim has another owner. */
  update(next: Claim): Promise<boolean>;
  /** Deletes the owner's claim, so that the key is unused again. */
  release(claim: Claim): Promise<void>;
};
