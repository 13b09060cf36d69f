import {
  type Claim,
  type ClaimStore,
  ClaimStoreError,
  KEEP_MS,
  LEASE_MS,
  SEND_WINDOW_MS,
  type SendWindow,
} from './claims.ts';

/** How soon a caller may ask again while the first request with the key runs. */
const IN_PROGRESS_RETRY_MS = 2_000;

/** What the work says shall become of the claim. */
export type Verdict =
  /** Keep the answer and hand it to every later request with the key. */
  | { claim: 'settle'; answer: string }
  /** Surely nothing was done: forget the key. */
  | { claim: 'release' }
  /** It is open what was done: keep the claim, let the next request with the key go on with it. */
  | { claim: 'leave'; lastSentMs: number }
  /** It is somebody else's by now. */
  | { claim: 'abandon' };

/** What the work holds while it runs. */
export type Hold = {
  memo: string;
  /** Whether an earlier attempt left its work open; then something may have been sent within `sends`. */
  resumed: boolean;
  sends(): SendWindow;
  /**
   * Moves the window of sends so that it reaches SEND_WINDOW_MS from now; `fromMs` drops what is known to
   * have come to nothing. False when the claim was lost to somebody else: then nothing may be sent.
   */
  renew(fromMs?: number): Promise<boolean>;
};

export type OnceOptions<Result> = {
  store: ClaimStore;
  now: () => number;
  /** A new random name for this attempt. */
  owner: string;
  id: string;
  fingerprint: string;
  /** Whether a claim with another fingerprint counts as the same request. */
  anyFingerprint?: boolean;
  /** Kept with the claim when this is the first attempt. */
  memo: string;
  work: (hold: Hold) => Promise<{ result: Result; verdict: Verdict }>;
  /** Told when the claim could not be settled, left or released after the work. */
  onTrouble?: (error: ClaimStoreError) => void;
};

export type OnceOutcome<Result> =
  | { outcome: 'ran'; result: Result }
  | { outcome: 'settled'; answer: string }
  | { outcome: 'in-progress'; retryAfterMs: number }
  | { outcome: 'key-reused' }
  /** The claim could not be written or renewed: nothing was done that is not known. */
  | { outcome: 'unavailable'; cause: ClaimStoreError };

/**
 * Does `work` under a claim on the key, so that its effect happens once however often it is asked for.
 * An attempt that was abandoned (its process died) is resumed by the next one after its lease ended.
 * When `work` throws, the claim stays until its lease ends: what was sent is then not known.
 */
export async function once<Result>(options: OnceOptions<Result>): Promise<OnceOutcome<Result>> {
  const { store, work, onTrouble } = options;
  const acquired = await acquire(options).catch(asUnavailable);
  if (acquired.outcome !== 'acquired') return acquired;

  const held = holdOf(options, acquired.claim, acquired.resumed);
  const worked = await work(held.hold).catch(asUnavailable);
  if ('outcome' in worked) return worked;
  const { result, verdict } = worked;
  try {
    await conclude(store, held.claim(), verdict, options.now());
  } catch (error) {
    // The caller gets its answer all the same: a later request with the key finds the work by looking.
    if (!(error instanceof ClaimStoreError)) throw error;
    onTrouble?.(error);
  }
  return { outcome: 'ran', result };
}

type Acquired = { outcome: 'acquired'; claim: Claim; resumed: boolean };

async function acquire<Result>(options: OnceOptions<Result>): Promise<Acquired | OnceOutcome<Result>> {
  const { store, now, id, owner, fingerprint, anyFingerprint = false, memo } = options;
  const nowMs = now();
  const fresh: Claim = {
    id,
    fingerprint,
    memo,
    owner,
    leaseUntilMs: nowMs + LEASE_MS,
    sends: { fromMs: nowMs, untilMs: nowMs + SEND_WINDOW_MS },
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

function holdOf<Result>({ store, now }: OnceOptions<Result>, acquired: Claim, resumed: boolean) {
  let claim = acquired;
  const hold: Hold = {
    memo: claim.memo,
    resumed,
    sends: () => claim.sends,
    renew: async (fromMs = claim.sends.fromMs) => {
      const nowMs = now();
      const next = {
        ...claim,
        leaseUntilMs: nowMs + LEASE_MS,
        sends: { fromMs, untilMs: nowMs + SEND_WINDOW_MS },
      };
      const renewed = await store.update(next);
      if (renewed) claim = next;
      return renewed;
    },
  };
  return { hold, claim: () => claim };
}

async function conclude(store: ClaimStore, claim: Claim, verdict: Verdict, nowMs: number): Promise<void> {
  switch (verdict.claim) {
    case 'settle':
      await store.update({ ...claim, answer: verdict.answer, expiresAtMs: nowMs + KEEP_MS });
      return;
    case 'release':
      await store.release(claim);
      return;
    case 'leave': {
      const sends = { fromMs: claim.sends.fromMs, untilMs: verdict.lastSentMs };
      await store.update({ ...claim, leaseUntilMs: nowMs, sends, expiresAtMs: nowMs + KEEP_MS });
      return;
    }
    case 'abandon':
      return;
  }
}
