import type { Config } from '../../config/configuration.ts';
import type { Secret } from '../../config/secret.ts';
import type { ClaimStore, ClaimStoreError } from '../../idempotency/claims.ts';
import { claimId, fingerprint } from '../../idempotency/keys.ts';
import { type ClaimDisposition, runWithClaim } from '../../idempotency/run-with-claim.ts';
import type { PurgeStore, SlotStore, WorkerStarter } from '../engine/ports.ts';
import { purgeId } from '../record/purge-id.ts';
import type { PurgeRequest } from '../record/record.ts';
import { deriveContactKey } from './contact-key.ts';
import { type SlotTaken, takeSlot } from './slots.ts';
import { type Ordered, type Started, startPurge } from './start.ts';

export type OrderPorts = {
  config: Config;
  secret: { get(): Promise<Secret> };
  store: PurgeStore;
  slots: SlotStore;
  worker: WorkerStarter;
  claims: ClaimStore;
  now: () => number;
  /** A new random id. */
  newId: () => string;
  onError?: (error: ClaimStoreError) => void;
};

export type Order = { caller: string; route: string; idempotencyKey: string | null; request: PurgeRequest };

/**
 * Starts a purge, once for an idempotency key. The claim's `firstAttemptValue` is the purge's id, so that the
 * next attempt finishes what a crashed one began under the same id. A repeated order returns the purge as it
 * is then.
 */
export async function orderPurge(ports: OrderPorts, order: Order): Promise<Ordered> {
  const { config, store, worker, claims, now, newId, onError } = ports;
  const { caller, route, idempotencyKey: key, request } = order;
  const newPurgeId = () => purgeId(now(), newId());
  const contactKey = request.contact === null ? null : deriveContactKey(await ports.secret.get());
  const start = async (id: string, hasSlot = false): Promise<Tried> => {
    const slot = hasSlot ? null : await takeSlot(ports, id, caller);
    if (slot?.outcome === 'full') return slot;
    return startPurge(
      { config, store, worker },
      { id, request, requestedBy: caller, policy: null, nowMs: now() },
      contactKey,
    );
  };

  if (key === null) return start(newPurgeId());
  const use = { caller, route, key };
  const done = await runWithClaim({
    store: claims,
    now,
    owner: newId(),
    id: claimId(use),
    fingerprint: fingerprint(use, request),
    firstAttemptValue: newPurgeId(),
    work: async ({ firstAttemptValue, resumed }) => {
      // A resumed purge that already has a record took its slot earlier and needs no second one.
      const isThere = resumed && (await store.read(firstAttemptValue)) !== undefined;
      const started = await start(firstAttemptValue, isThere);
      return { result: started, disposition: dispositionOf(started) };
    },
    ...(onError ? { onError } : {}),
  });
  if (done.outcome === 'ran') return done.result;
  if (done.outcome !== 'settled') return done;
  const stored = await store.read(done.answer);
  if (!stored) return { outcome: 'not-started', cause: new Error('The purge of this key is gone') };
  return { outcome: 'started', record: stored.record, replayed: true };
}

type Tried = Started | Extract<SlotTaken, { outcome: 'full' }>;

/**
 * Settles the claim if the purge started, else releases the key for a new purge: without a slot nothing was
 * written, and without a worker the purge has ended.
 */
function dispositionOf(started: Tried): ClaimDisposition {
  return started.outcome === 'started'
    ? { claim: 'settle', answer: started.record.id }
    : { claim: 'release' };
}
