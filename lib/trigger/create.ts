import type { Hold } from '../idempotency/once.ts';
import { StudioError } from '../studio/errors.ts';
import type { CreateOutcome, Execution } from '../studio/types.ts';
import { resolveConflict } from './conflict.ts';
import { withCorrelation } from './correlation.ts';
import { belonging } from './look.ts';
import type { Executions, Sleep } from './ports.ts';
import { type ReconcileJob, reconcile } from './reconcile.ts';
import type { Wish } from './request.ts';

/**
 * How long a create may take, reading the secret and connecting included: nothing leaves later than this. It
 * has to fit into the claim's window; the rest of a request's time is for finding out what became of it.
 */
const CREATE_TIMEOUT_MS = 10_000;
/** What is left of it for another create when the looking has proven that one is needed. */
const CREATE_AGAIN_MS = 3_000;
/** No create begins with less than this left. */
const MIN_CREATE_MS = 1_000;
/** What is kept of a request's time for writing down how it ended. */
const CONCLUDE_MS = 2_000;
/** Pauses between creates that Studio throttled: doubling, with jitter, unless Studio says how long. */
const FIRST_PAUSE_MS = 250;
const MAX_PAUSE_MS = 8_000;

export type CreateJob = Wish & {
  executions: Executions;
  now: () => number;
  sleep: Sleep;
  random: () => number;
  /** null: the flow's configuration wants none in its parameters. */
  correlation: string | null;
  hold: Hold;
  /** When the answer has to be there. */
  deadlineMs: number;
  signal: AbortSignal;
};

export type Created =
  | { outcome: 'created' | 'replaced' | 'existing'; execution: Execution }
  | { outcome: 'conflict'; conflictingExecutionSid: string | null }
  /** Studio created nothing, and says why. */
  | { outcome: 'refused'; error: StudioError }
  | { outcome: 'throttled'; retryAfterMs: number }
  /** Surely nothing was created, and there is no time left to try. */
  | { outcome: 'out-of-time' }
  /** Whether there is an execution, or will be, cannot be told yet. */
  | { outcome: 'unknown'; lastSentMs: number; retryAfterMs: number }
  /** Somebody else holds the claim by now. */
  | { outcome: 'lost' };

/**
 * Creates one execution: sends a create, finds out what became of it when its answer is lost, and sends
 * another one only when it is proven that no earlier one made an execution.
 */
export async function create(job: CreateJob): Promise<Created> {
  const { hold, now } = job;
  const looking = lookingOf(job);
  let doubtful = hold.resumed;
  let ended: string | null = null;
  let pauseMs = FIRST_PAUSE_MS;

  if (hold.resumed) {
    const sends = hold.sends();
    const past = await reconcile(looking, sends);
    if (past.outcome === 'found') return { outcome: 'created', execution: past.execution };
    if (past.outcome === 'open') return { ...past, outcome: 'unknown', lastSentMs: sends.untilMs };
    if (!(await hold.renew(now()))) return { outcome: 'lost' };
  }

  for (;;) {
    const leftMs = job.deadlineMs - CONCLUDE_MS - now();
    if (leftMs < MIN_CREATE_MS) return { outcome: 'out-of-time' };
    const timeoutMs = Math.min(CREATE_TIMEOUT_MS, leftMs);
    if (now() + timeoutMs > hold.sends().untilMs) {
      if (!(await hold.renew())) return { outcome: 'lost' };
      // The renewal may have taken long: look at the clock again, with nothing to wait for before the create.
      continue;
    }

    const sent = await send(job, timeoutMs);
    switch (sent.outcome) {
      case 'created':
      // Only v1 answers so, which cannot tell the two apart; triggering goes through v2.
      case 'created-or-existing':
        return { outcome: ended === null ? 'created' : 'replaced', execution: sent.execution };

      case 'unknown': {
        doubtful = true;
        const lastSentMs = now();
        const became = await reconcile(looking, { fromMs: hold.sends().fromMs, untilMs: lastSentMs });
        if (became.outcome === 'found')
          return { outcome: ended === null ? 'created' : 'replaced', execution: became.execution };
        if (became.outcome === 'open') return { ...became, outcome: 'unknown', lastSentMs };
        if (!(await hold.renew(now()))) return { outcome: 'lost' };
        break;
      }

      case 'conflict': {
        const own = doubtful ? await ownExecution(job, looking, sent.conflictingExecutionSid) : null;
        if (own) return own;
        const resolved = await resolveConflict(job, sent.conflictingExecutionSid, ended);
        if (resolved.outcome !== 'ended') return resolved;
        ended = resolved.executionSid;
        break;
      }

      case 'throttled': {
        const waitMs = sent.retryAfterMs ?? pauseMs * (0.5 + job.random() / 2);
        pauseMs = Math.min(2 * pauseMs, MAX_PAUSE_MS);
        if (now() + waitMs + MIN_CREATE_MS > job.deadlineMs - CONCLUDE_MS)
          return { outcome: 'throttled', retryAfterMs: waitMs };
        await job.sleep(waitMs);
        break;
      }

      case 'refused':
        return sent;
    }
  }
}

type Sent =
  | Extract<Created, { outcome: 'refused' }>
  | CreateOutcome
  | { outcome: 'throttled'; retryAfterMs?: number };

async function send(job: CreateJob, timeoutMs: number): Promise<Sent> {
  const { executions, flowSid, to, from, parameters, correlation, signal } = job;
  const carried = withCorrelation(parameters, correlation);
  const input = { to, from, ...(carried === undefined ? {} : { parameters: carried }) };
  try {
    // One try: every further one has to be allowed by the claim first.
    return await executions.create(flowSid, input, { signal, timeoutMs, maxTries: 1 });
  } catch (error) {
    // Whatever lib/studio throws here was surely not processed; the rest it tells as `unknown`.
    if (!(error instanceof StudioError)) throw error;
    if (error.kind !== 'throttled') return { outcome: 'refused', error };
    const { retryAfterMs } = error;
    return { outcome: 'throttled', ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
  }
}

/** After a doubtful create, an execution that is in the way may be the one that it made. */
async function ownExecution(
  job: CreateJob,
  looking: ReconcileJob,
  executionSid: string | null,
): Promise<Created | null> {
  if (executionSid === null) return null;
  try {
    if ((await belonging(looking, executionSid)) !== 'ours') return null;
    const execution = await job.executions.fetch(job.flowSid, executionSid, { signal: job.signal });
    return { outcome: 'created', execution };
  } catch (error) {
    if (!(error instanceof StudioError)) throw error;
    return { outcome: 'unknown', lastSentMs: job.now(), retryAfterMs: FIRST_PAUSE_MS };
  }
}

function lookingOf(job: CreateJob): ReconcileJob {
  const { executions, now, sleep, flowSid, to, correlation, signal } = job;
  const stopAtMs = job.deadlineMs - CONCLUDE_MS - CREATE_AGAIN_MS;
  return { executions, now, sleep, flowSid, to, correlation, signal, stopAtMs };
}
