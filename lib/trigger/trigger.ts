import type { Mistake } from '../config/validation.ts';
import type { ClaimStore, ClaimStoreError } from '../idempotency/claims.ts';
import { claimId, correlationOf, fingerprint } from '../idempotency/keys.ts';
import { type Hold, once, type Verdict } from '../idempotency/once.ts';
import type { StudioError } from '../studio/errors.ts';
import { fromStored, type TriggerAnswer, toStored } from './answer.ts';
import { type Created, type CreateJob, create } from './create.ts';
import type { Executions, Sleep } from './ports.ts';
import { type TriggerRequest, type Wish, wishOf } from './request.ts';

export type TriggerPorts = {
  claims: ClaimStore;
  executions: Executions;
  /** Keys the correlation value; may rotate. */
  apiKeySecret: () => Promise<string>;
  now: () => number;
  sleep: Sleep;
  /** 0 ≤ random < 1 */
  random: () => number;
  /** A name that nobody had before. */
  newId: () => string;
  onTrouble?: (error: ClaimStoreError) => void;
};

export type Triggered =
  | (TriggerAnswer & { replayed: boolean })
  | { outcome: 'invalid'; mistakes: Mistake[] }
  | { outcome: 'conflict'; conflictingExecutionSid: string | null }
  | { outcome: 'refused'; error: StudioError }
  | { outcome: 'throttled'; retryAfterMs: number }
  | { outcome: 'out-of-time' }
  /** `repeatable`: whether it may be sent again without a second execution. */
  | { outcome: 'unknown'; retryAfterMs: number; repeatable: boolean }
  | { outcome: 'in-progress'; retryAfterMs: number }
  | { outcome: 'key-reused' }
  /** The signed request was sent before under another key header. */
  | { outcome: 'signature-replayed' }
  | { outcome: 'unavailable'; cause: ClaimStoreError };

/** How soon to come back when another attempt took the claim over. */
const LOST_RETRY_MS = 2_000;

/**
 * Triggers a flow once for an idempotency key: claim, create, settle, and finding out what became of an
 * attempt that did not get that far. Without a key there is nothing to claim, and each request is a new one.
 */
export async function trigger(ports: TriggerPorts, request: TriggerRequest): Promise<Triggered> {
  const { caller, route, idempotencyKey: key, unsignedKey, flow, body } = request;
  const wish = wishOf(request);
  if ('mistakes' in wish) return { outcome: 'invalid', mistakes: wish.mistakes };
  const createWith = (correlation: string | null, hold: Hold) =>
    create(jobOf(ports, request, wish, correlation, hold));

  if (key === null) {
    const correlation = flow.correlation ? ports.newId() : null;
    return answerTo(await createWith(correlation, unclaimed(ports.now)), false);
  }
  const use = { caller, route, key };
  const id = claimId(use);
  const done = await once({
    store: ports.claims,
    now: ports.now,
    owner: ports.newId(),
    id,
    fingerprint: fingerprint(use, { flow: flow.sid, body, ...(unsignedKey ? { unsignedKey } : {}) }),
    // The signature covers the payload: without a key header it is the same request again.
    anyFingerprint: unsignedKey === null,
    // Written down with the claim, so that a rotated secret does not change what is looked for.
    memo: flow.correlation ? correlationOf(await ports.apiKeySecret(), id) : '',
    work: async (hold) => {
      const created = await createWith(hold.memo || null, hold);
      return { result: created, verdict: verdictOn(created, body.to) };
    },
    ...(ports.onTrouble ? { onTrouble: ports.onTrouble } : {}),
  });
  if (done.outcome === 'settled') return { ...fromStored(done.answer, body.to), replayed: true };
  if (done.outcome === 'key-reused' && unsignedKey !== undefined) return { outcome: 'signature-replayed' };
  return done.outcome === 'ran' ? answerTo(done.result, true) : done;
}

/** What becomes of the claim: the one place that decides it. */
function verdictOn(created: Created, to: string): Verdict {
  switch (created.outcome) {
    case 'created':
    case 'replaced':
    case 'existing':
      return { claim: 'settle', answer: toStored(created, to) };
    // Nothing was created, and the same request may fare better later: it stays as if it was never made.
    case 'conflict':
    case 'refused':
    case 'throttled':
    case 'out-of-time':
      return { claim: 'release' };
    case 'unknown':
      return { claim: 'leave', lastSentMs: created.lastSentMs };
    case 'lost':
      return { claim: 'abandon' };
  }
}

function answerTo(created: Created, repeatable: boolean): Triggered {
  switch (created.outcome) {
    case 'created':
    case 'replaced':
    case 'existing':
      return { ...created, replayed: false };
    case 'unknown':
      return { outcome: 'unknown', retryAfterMs: created.retryAfterMs, repeatable };
    case 'lost':
      return { outcome: 'in-progress', retryAfterMs: LOST_RETRY_MS };
    case 'conflict':
    case 'refused':
    case 'throttled':
    case 'out-of-time':
      return created;
  }
}

function jobOf(
  { executions, now, sleep, random }: TriggerPorts,
  { deadlineMs, signal }: TriggerRequest,
  wish: Wish,
  correlation: string | null,
  hold: Hold,
): CreateJob {
  return { ...wish, executions, now, sleep, random, correlation, hold, deadlineMs, signal };
}

/** Nobody else can know of a request without a key: it may send at any time. */
function unclaimed(now: () => number): Hold {
  let fromMs = now();
  return {
    memo: '',
    resumed: false,
    sends: () => ({ fromMs, untilMs: Number.POSITIVE_INFINITY }),
    renew: async (from = fromMs) => {
      fromMs = from;
      return true;
    },
  };
}
