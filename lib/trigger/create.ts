import { StudioError } from '../studio/errors.ts';
import type { CreateOutcome, Execution } from '../studio/types.ts';
import { resolveConflict } from './conflict.ts';
import { withCorrelation } from './correlation.ts';
import { reconcile } from './reconcile.ts';
import type { CreateJob } from './request.ts';
import { ownership } from './search.ts';

/**
 * Maximum time of a create, reading the secret and connecting included. It must fit into the claim's send
 * interval, and leaves the rest of a request's time for reconciling.
 */
const CREATE_TIMEOUT_MS = 10_000;
/** Time reserved for another create, after a search has proven that one is needed. */
const CREATE_AGAIN_MS = 3_000;
/** No create begins with less than this left. */
const MIN_CREATE_MS = 1_000;
/** Time reserved at the end of a request for settling the claim. */
const CONCLUDE_MS = 2_000;
/** Pauses between creates that Studio throttled: doubling, with jitter, unless Studio says how long. */
const FIRST_PAUSE_MS = 250;
const MAX_PAUSE_MS = 8_000;

export type Created =
  | { outcome: 'created' | 'replaced' | 'existing'; execution: Execution }
  | { outcome: 'conflict'; conflictingExecutionSid: string | null }
  /** Studio created nothing, and says why. */
  | { outcome: 'refused'; error: StudioError }
  | { outcome: 'throttled'; retryAfterMs: number }
  /** Nothing was created, and there is no time left to try. */
  | { outcome: 'out-of-time' }
  /** It is not known yet whether Studio has created or will create an execution. */
  | { outcome: 'unknown'; lastSentMs: number; retryAfterMs: number }
  /** Another attempt has taken the claim over. */
  | { outcome: 'lost' };

/**
 * Creates one execution: sends a create, finds out what became of it when its response is lost, and sends
 * another one only when it is proven that no earlier one made an execution.
 */
export async function create(job: CreateJob): Promise<Created> {
  const { claim, now } = job;
  const searchUntilMs = job.deadlineMs - CONCLUDE_MS - CREATE_AGAIN_MS;
  let doubtful = claim.resumed;
  let ended: string | null = null;
  let pauseMs = FIRST_PAUSE_MS;

  if (claim.resumed) {
    const sendInterval = claim.sendInterval();
    const past = await reconcile(job, sendInterval, searchUntilMs);
    if (past.outcome === 'found') return { outcome: 'created', execution: past.execution };
    if (past.outcome === 'unknown') return { ...past, lastSentMs: sendInterval.untilMs };
    if (!(await claim.renew(now()))) return { outcome: 'lost' };
  }

  for (;;) {
    const leftMs = job.deadlineMs - CONCLUDE_MS - now();
    if (leftMs < MIN_CREATE_MS) return { outcome: 'out-of-time' };
    const timeoutMs = Math.min(CREATE_TIMEOUT_MS, leftMs);
    if (now() + timeoutMs > claim.sendInterval().untilMs) {
      if (!(await claim.renew())) return { outcome: 'lost' };
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
        const sendInterval = { fromMs: claim.sendInterval().fromMs, untilMs: lastSentMs };
        const became = await reconcile(job, sendInterval, searchUntilMs);
        if (became.outcome === 'found')
          return { outcome: ended === null ? 'created' : 'replaced', execution: became.execution };
        if (became.outcome === 'unknown') return { ...became, lastSentMs };
        if (!(await claim.renew(now()))) return { outcome: 'lost' };
        break;
      }

      case 'conflict': {
        const own = doubtful ? await ownExecution(job, sent.conflictingExecutionSid) : null;
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
    // What lib/studio throws was not processed. It returns everything else as `unknown`.
    if (!(error instanceof StudioError)) throw error;
    if (error.kind !== 'throttled') return { outcome: 'refused', error };
    const { retryAfterMs } = error;
    return { outcome: 'throttled', ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
  }
}

/** After a create with an unknown outcome, a conflicting execution may be the one that it created. */
async function ownExecution(job: CreateJob, executionSid: string | null): Promise<Created | null> {
  if (executionSid === null) return null;
  try {
    if ((await ownership(job, executionSid)) !== 'ours') return null;
    const execution = await job.executions.fetch(job.flowSid, executionSid, { signal: job.signal });
    return { outcome: 'created', execution };
  } catch (error) {
    if (!(error instanceof StudioError)) throw error;
    return { outcome: 'unknown', lastSentMs: job.now(), retryAfterMs: FIRST_PAUSE_MS };
  }
}
