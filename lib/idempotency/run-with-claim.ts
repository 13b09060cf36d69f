import {
  type Claim,
  type ClaimStore,
  ClaimStoreError,
  KEEP_MS,
  LEASE_MS,
  SEND_INTERVAL_MS,
  type SendInterval,
} from './claims.ts';

/** How soon a caller may ask again while the first request with the key runs. */
const IN_PROGRESS_RETRY_MS = 2_000;

/** What becomes of the claim after the work. */
export type ClaimDisposition =
  /** Keep the response and return it to every later request with the key. */
  | { claim: 'settle'; answer: string }
  /** Nothing was done: forget the key. */
  | { claim: 'release' }
  /** It is unknown what was done: the next request with the key continues. */
  | { claim: 'expire-lease'; lastSentMs: number }
  /** Another attempt has taken the claim over. */
  | { claim: 'lost' };

/** What the work may do with its claim. */
export type ClaimHandle = {
  firstAttemptValue: string;
  /** Whether an earlier attempt did not finish. It may have sent something within `sendInterval`. */
  resumed: boolean;
  sendInterval(): SendInterval;
  /**
   * Extends the lease and the send interval from now. `fromMs` drops sends that are known to have had no effect.
   * False if another attempt has taken the claim over: then nothing may be sent.
   */
  renew(fromMs?: number): Promise<boolean>;
};

export type RunOptions<Result> = {
  store: ClaimStore;
  now: () => number;
  /** A new random id for this attempt. */
  owner: string;
  id: string;
  fingerprint: string;
  /** Whether a claim with another fingerprint counts as the same request. */
  anyFingerprint?: boolean;
  /** Stored with the claim if this is the first attempt. */
  firstAttemptValue: string;
  work: (claim: ClaimHandle) => Promise<{ result: Result; disposition: ClaimDisposition }>;
  /** Called if the claim could not be settled, expired or released after the work. */
  onError?: (error: ClaimStoreError) => void;
};

export type RunOutcome<Result> =
  | { outcome: 'ran'; result: Result }
  | { outcome: 'settled'; answer: string }
  | { outcome: 'in-progress'; retryAfterMs: number }
  | { outcome: 'key-reused' }
  /** The claim could not be written or renewed. Nothing was done that is not recorded. */
  | { outcome: 'unavailable'; cause: ClaimStoreError };

/**
 * Runs `work` under a claim on the key, so that its effect happens once however often it is requested. After a
 * crash, the next attempt resumes when the lease has ended. If `work` throws, the claim stays until then.
 */
export async function runWithClaim<Result>(options: RunOptions<Result>): Promise<RunOutcome<Result>> {
  const { store, now, work, onError } = options;
  const acquired = await acquire(options).catch(asUnavailable);
  if (acquired.outcome !== 'acquired') return acquired;

  let { claim } = acquired;
  const handle: ClaimHandle = {
    firstAttemptValue: claim.firstAttemptValue,
    resumed: acquired.resumed,
    sendInterval: () => claim.sendInterval,
    renew: async (fromMs = claim.sendInterval.fromMs) => {
      const nowMs = now();
      const sendInterval = { fromMs, untilMs: nowMs + SEND_INTERVAL_MS };
      const next = { ...claim, leaseUntilMs: nowMs + LEASE_MS, sendInterval };
      const renewed = await store.update(next);
      if (renewed) claim = next;
      return renewed;
    },
  };
  const worked = await work(handle).catch(asUnavailable);
  if ('outcome' in worked) return worked;
  try {
    await conclude(store, claim, worked.disposition, now());
  } catch (error) {
    // The caller gets its response: a later request with the key finds out what was done.
    if (!(error instanceof ClaimStoreError)) throw error;
    onError?.(error);
  }
  return { outcome: 'ran', result: worked.result };
}

type Acquired = { outcome: 'acquired'; claim: Claim; resumed: boolean };

async function acquire<Result>(options: RunOptions<Result>): Promise<Acquired | RunOutcome<Result>> {
  const { store, now, id, owner, fingerprint, anyFingerprint = false, firstAttemptValue } = options;
  const nowMs = now();
  const fresh: Claim = {
    id,
    fingerprint,
    firstAttemptValue,
    owner,
    leaseUntilMs: nowMs + LEASE_MS,
    sendInterval: { fromMs: nowMs, untilMs: nowMs + SEND_INTERVAL_MS },
    answer: null,
    expiresAtMs: nowMs + KEEP_MS,
  };
  const claimed = await store.claim(fresh, nowMs);
  if (claimed.outcome === 'claimed') return { outcome: 'acquired', claim: fresh, resumed: false };

  const seen = claimed.claim;
  if (seen.fingerprint !== fingerprint && !anyFingerprint) return { outcome: 'key-reused' };
  if (seen.answer !== null) return { outcome: 'settled', answer: seen.answer };
  const inProgress = { outcome: 'in-progress', retryAfterMs: IN_PROGRESS_RETRY_MS } as const;
  if (now() < seen.leaseUntilMs) return inProgress;
  const next = { ...seen, owner, leaseUntilMs: now() + LEASE_MS, expiresAtMs: now() + KEEP_MS };
  const taken = await store.takeOver(seen, next);
  return taken ? { outcome: 'acquired', claim: next, resumed: true } : inProgress;
}

function asUnavailable(error: unknown): { outcome: 'unavailable'; cause: ClaimStoreError } {
  if (error instanceof ClaimStoreError) return { outcome: 'unavailable', cause: error };
  throw error;
}

async function conclude(store: ClaimStore, claim: Claim, disposition: ClaimDisposition, nowMs: number) {
  const expiresAtMs = nowMs + KEEP_MS;
  switch (disposition.claim) {
    case 'settle':
      return store.update({ ...claim, answer: disposition.answer, expiresAtMs });
    case 'release':
      return store.release(claim);
    case 'expire-lease': {
      const sendInterval = { fromMs: claim.sendInterval.fromMs, untilMs: disposition.lastSentMs };
      return store.update({ ...claim, leaseUntilMs: nowMs, sendInterval, expiresAtMs });
    }
    case 'lost':
      return undefined;
  }
}
