import type { SendInterval } from '../idempotency/claims.ts';
import type { Execution } from '../studio/types.ts';
import type { Sleep } from './request.ts';
import { PROOF_AFTER_MS, type SearchOptions, search } from './search.ts';

/** Looks come at doubling distances. */
const FIRST_PAUSE_MS = 250;
const MAX_PAUSE_MS = 4_000;
/** When the proof cannot come in time anyway, a caller is not kept waiting longer than this. */
const LOOK_FOR_MS = 10_000;

export type ReconcileOptions = SearchOptions & {
  sleep: Sleep;
  /** When looking has to end, in milliseconds since 1970. */
  stopAtMs: number;
};

export type Reconciled =
  /** A create within the window made this execution. */
  | { outcome: 'found'; execution: Execution }
  /** No create within the window made one, and none will any more. */
  | { outcome: 'absent' }
  /** Not known yet; a look after so long would know. */
  | { outcome: 'unknown'; retryAfterMs: number };

/** Finds out what became of the creates within `sendInterval`, as far as the time goes. */
export async function reconcile(job: ReconcileOptions, sendInterval: SendInterval): Promise<Reconciled> {
  const startedMs = job.now();
  const proofAtMs = sendInterval.untilMs + PROOF_AFTER_MS;
  const stopAtMs = proofAtMs < job.stopAtMs ? job.stopAtMs : Math.min(job.stopAtMs, startedMs + LOOK_FOR_MS);
  const ruledOut = new Set<string>();
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, MAX_PAUSE_MS)) {
    const result = await search(job, sendInterval, ruledOut);
    if (result.outcome !== 'unknown') return result;
    const untilProofMs = proofAtMs - job.now();
    // The look that can prove an absence comes as soon as it can.
    const waitMs = untilProofMs > 0 ? Math.min(pauseMs, untilProofMs) : pauseMs;
    if (job.signal.aborted || job.now() + waitMs >= stopAtMs)
      return { outcome: 'unknown', retryAfterMs: Math.max(untilProofMs, waitMs) };
    await job.sleep(waitMs);
  }
}
