/**
 * The claim on an idempotency key: one record that says who works under the key, since when an execution
 * may have been created, and, once settled, the answer. It holds hashes and times, and no address.
 */

/** How long a claim keeps others out: longer than a whole request may take (25 s). */
export const LEASE_MS = 30_000;

/** What is sent under a claim has left within this time after it was written or renewed, or never leaves. */
export const SEND_INTERVAL_MS = 15_000;

/** How long a key is remembered after the last write: the promised 24 hours and some. */
export const KEEP_MS = 25 * 60 * 60_000;

/** When something irrevocable may have left under the claim, in milliseconds since 1970. */
export type SendInterval = { fromMs: number; untilMs: number };

export type Claim = {
  /** An unkeyed hash of caller, route and key: see keys.ts for what it keeps secret. */
  id: string;
  /** A hash of the payload, keyed with the idempotency key: shows another payload under the same key. */
  fingerprint: string;
  /** Decided when the key was first claimed and handed to every later attempt: small, opaque. */
  firstAttemptValue: string;
  /** Random for each attempt; only the owner may renew, settle, leave or release. */
  owner: string;
  leaseUntilMs: number;
  sendInterval: SendInterval;
  /** The answer, once there is one. */
  answer: string | null;
  /** After this the record counts as gone, whether it is still there or not. */
  expiresAtMs: number;
};

/** The table could not be asked, or said something that makes no sense. Nothing is known of the write. */
export class ClaimStoreError extends Error {
  override readonly name = 'ClaimStoreError';
}

/**
 * Where claims are kept. Every method is one conditional write, and throws a ClaimStoreError when the store
 * fails. A write that was repeated by the transport must come out as if it was done once.
 */
export type ClaimStore = {
  /** Writes the claim unless one stands there that has not expired; that one is returned. */
  claim(claim: Claim, nowMs: number): Promise<{ outcome: 'claimed' } | { outcome: 'exists'; claim: Claim }>;
  /** Puts `next` in place of an unsettled `seen`, unless it has changed since. */
  takeOver(seen: Claim, next: Claim): Promise<boolean>;
  /** Puts `next` in the place of the owner's own claim; false if it has another owner. */
  update(next: Claim): Promise<boolean>;
  /** Removes the owner's own claim, so that the key is as if it was never used. */
  release(claim: Claim): Promise<void>;
};
