import type { SendInterval } from '../idempotency/claims.ts';
import type { Execution } from '../studio/types.ts';
import type { CreateJob } from './request.ts';
import { PROOF_AFTER_MS, search } from './search.ts';

/** The pause between two searches doubles from the first to the maximum. */
const FIRST_PAUSE_MS = 250;
const MAX_PAUSE_MS = 4_000;
/** Maximum time spent searching if an absence cannot be proven before the deadline. */
const MAX_SEARCH_MS = 10_000;

export type Reconciled =
  /** A create within the send interval made this execution. */
  | { outcome: 'found'; execution: Execution }
  /** No create within the send interval made an execution, and none can any more. */
  | { outcome: 'absent' }
  /** Not known yet. A search after `retryAfterMs` may find out. */
  | { outcome: 'unknown'; retryAfterMs: number };

/** Finds out what became of the creates within `sendInterval`. Ends at `latestMs`, in epoch milliseconds. */
export async function reconcile(
  job: CreateJob,
  sendInterval: SendInterval,
  latestMs: number,
): Promise<Reconciled> {
  const startedMs = job.now();
  const proofAtMs = sendInterval.untilMs + PROOF_AFTER_MS;
  const stopAtMs = proofAtMs < latestMs ? latestMs : Math.min(latestMs, startedMs + MAX_SEARCH_MS);
  const ruledOut = new Set<string>();
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, MAX_PAUSE_MS)) {
    const result = await search(job, sendInterval, ruledOut);
    if (result.outcome !== 'unknown') return result;
    const untilProofMs = proofAtMs - job.now();
    // The first search that can prove an absence starts as soon as it can.
    const waitMs = untilProofMs > 0 ? Math.min(pauseMs, untilProofMs) : pauseMs;
    if (job.signal.aborted || job.now() + waitMs >= stopAtMs)
      return { outcome: 'unknown', retryAfterMs: Math.max(untilProofMs, waitMs) };
    await job.sleep(waitMs);
  }
}
