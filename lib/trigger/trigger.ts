import * as v from 'valibot';
import type { Mistake } from '../config/validation.ts';
import type { ClaimStore, ClaimStoreError } from '../idempotency/claims.ts';
import { claimId, correlationOf, fingerprint } from '../idempotency/keys.ts';
import { type ClaimDisposition, type ClaimHandle, runWithClaim } from '../idempotency/run-with-claim.ts';
import type { StudioError } from '../studio/errors.ts';
import { type Execution, executionSchema } from '../studio/types.ts';
import { type Created, create } from './create.ts';
import { createInputOf, type Executions, type Sleep, type TriggerRequest } from './request.ts';

export type TriggerPorts = {
  claims: ClaimStore;
  executions: Executions;
  /** Keys the correlation value; may rotate. */
  apiKeySecret: () => Promise<string>;
  now: () => number;
  sleep: Sleep;
  /** 0 ≤ random < 1 */
  random: () => number;
  /** A new random id. */
  newId: () => string;
  onError?: (error: ClaimStoreError) => void;
};

type TriggerAnswer = { outcome: 'created' | 'existing' | 'replaced'; execution: Execution };

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

/**
 * An answer as it is stored with the claim, without the contact's address. A later request under the same key
 * has the same payload, so its own `to` replaces the address.
 */
const storedAnswer = v.object({
  outcome: v.picklist(['created', 'existing', 'replaced']),
  /** Whether Studio reported the address exactly as it was sent. If not, a replay has none. */
  contactIsTo: v.boolean(),
  execution: v.omit(executionSchema, ['contactChannelAddress']),
});

/** When to retry after another attempt has taken the claim over. */
const LOST_RETRY_MS = 2_000;

/**
 * Triggers a flow once for an idempotency key: claim, create, settle, and finding out what became of an
 * attempt that did not get that far. Without a key there is nothing to claim, and each request is a new one.
 */
export async function trigger(ports: TriggerPorts, request: TriggerRequest): Promise<Triggered> {
  const { executions, now, sleep, random } = ports;
  const { caller, route, idempotencyKey: key, unsignedKey, flow, body, deadlineMs, signal } = request;
  const input = createInputOf(request);
  if ('mistakes' in input) return { outcome: 'invalid', mistakes: input.mistakes };
  const createWith = (correlation: string | null, claim: ClaimHandle) =>
    create({ ...input, executions, now, sleep, random, correlation, claim, deadlineMs, signal });

  if (key === null) {
    const correlation = flow.correlation ? ports.newId() : null;
    return answerTo(await createWith(correlation, unclaimed(now)), false);
  }
  const use = { caller, route, key };
  const id = claimId(use);
  const done = await runWithClaim({
    store: ports.claims,
    now,
    owner: ports.newId(),
    id,
    fingerprint: fingerprint(use, { flow: flow.sid, body, ...(unsignedKey ? { unsignedKey } : {}) }),
    // The signature covers the payload: without a key header it is the same request again.
    anyFingerprint: unsignedKey === null,
    // Stored with the claim, so that a rotated secret does not change what is searched for.
    firstAttemptValue: flow.correlation ? correlationOf(await ports.apiKeySecret(), id) : '',
    work: async (claim) => {
      const created = await createWith(claim.firstAttemptValue || null, claim);
      return { result: created, disposition: dispositionOf(created, body.to) };
    },
    ...(ports.onError ? { onError: ports.onError } : {}),
  });
  if (done.outcome === 'settled') return { ...fromStored(done.answer, body.to), replayed: true };
  if (done.outcome === 'key-reused' && unsignedKey !== undefined) return { outcome: 'signature-replayed' };
  return done.outcome === 'ran' ? answerTo(done.result, true) : done;
}

/** Decides what becomes of the claim. */
function dispositionOf(created: Created, to: string): ClaimDisposition {
  switch (created.outcome) {
    case 'created':
    case 'replaced':
    case 'existing':
      return { claim: 'settle', answer: toStored(created, to) };
    // Nothing was created, and the same request may succeed later: the key is forgotten.
    case 'conflict':
    case 'refused':
    case 'throttled':
    case 'out-of-time':
      return { claim: 'release' };
    case 'unknown':
      return { claim: 'expire-lease', lastSentMs: created.lastSentMs };
    case 'lost':
      return { claim: 'lost' };
  }
}

function answerTo(created: Created, repeatable: boolean): Triggered {
  if ('execution' in created) return { ...created, replayed: false };
  if (created.outcome === 'lost') return { outcome: 'in-progress', retryAfterMs: LOST_RETRY_MS };
  if (created.outcome !== 'unknown') return created;
  return { outcome: 'unknown', retryAfterMs: created.retryAfterMs, repeatable };
}

function toStored({ outcome, execution }: TriggerAnswer, to: string): string {
  const { contactChannelAddress, ...rest } = execution;
  return JSON.stringify({ outcome, contactIsTo: contactChannelAddress === to, execution: rest });
}

function fromStored(stored: string, to: string): TriggerAnswer {
  const { outcome, contactIsTo, execution } = v.parse(storedAnswer, JSON.parse(stored));
  return { outcome, execution: { ...execution, contactChannelAddress: contactIsTo ? to : null } };
}

/** A request without a key has no other attempts: it may send at any time. */
function unclaimed(now: () => number): ClaimHandle {
  let fromMs = now();
  return {
    firstAttemptValue: '',
    resumed: false,
    sendInterval: () => ({ fromMs, untilMs: Number.POSITIVE_INFINITY }),
    renew: async (from = fromMs) => {
      fromMs = from;
      return true;
    },
  };
}
