import type { SendWindow } from '../idempotency/claims.ts';
import type { Execution } from '../studio/types.ts';
import { type LookJob, look, PROOF_AFTER_MS } from './look.ts';
import type { Sleep } from './ports.ts';

/** Looks come at doubling distances. */
const FIRST_PAUSE_MS = 250;
const MAX_PAUSE_MS = 4_000;
/** When the proof cannot come in time anyway, a caller is not kept waiting longer than this. */
const LOOK_FOR_MS = 10_000;

export type ReconcileJob = LookJob & {
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
  | { outcome: 'open'; retryAfterMs: number };

/** Finds out what became of the creates within `sends`, as far as the time goes. */
export async function reconcile(job: ReconcileJob, sends: SendWindow): Promise<Reconciled> {
  const startedMs = job.now();
  const proofAtMs = sends.untilMs + PROOF_AFTER_MS;
  const stopAtMs = proofAtMs < job.stopAtMs ? job.stopAtMs : Math.min(job.stopAtMs, startedMs + LOOK_FOR_MS);
  const others = new Set<string>();
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, MAX_PAUSE_MS)) {
    const looked = await look(job, sends, others);
    if (looked.outcome !== 'open') return looked;
    const untilProofMs = proofAtMs - job.now();
    // The look that can prove an absence comes as soon as it can.
    const waitMs = untilProofMs > 0 ? Math.min(pauseMs, untilProofMs) : pauseMs;
    if (job.signal.aborted || job.now() + waitMs >= stopAtMs)
      return { outcome: 'open', retryAfterMs: Math.max(untilProofMs, waitMs) };
    await job.sleep(waitMs);
  }
}
