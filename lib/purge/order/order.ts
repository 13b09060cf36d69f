import type { Config } from '../../config/configuration.ts';
import type { Secret } from '../../config/secret.ts';
import type { ClaimStore, ClaimStoreError } from '../../idempotency/claims.ts';
import { claimId, fingerprint } from '../../idempotency/keys.ts';
import { once, type Verdict } from '../../idempotency/once.ts';
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
  newId: () => string;
  onTrouble?: (error: ClaimStoreError) => void;
};

export type Order = { caller: string; route: string; idempotencyKey: string | null; request: PurgeRequest };

/**
 * Starts a purge, once for an idempotency key. The claim's memo is the purge's id, under which the next
 * attempt completes one that has crashed. A repeated order returns the purge as it stands.
 */
export async function orderPurge(ports: OrderPorts, order: Order): Promise<Ordered> {
  const { config, store, worker, claims, now, newId, onTrouble } = ports;
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

  if (key === null) return asOrdered(await start(newPurgeId()), false);
  const use = { caller, route, key };
  const done = await once({
    store: claims,
    now,
    owner: newId(),
    id: claimId(use),
    fingerprint: fingerprint(use, request),
    memo: newPurgeId(),
    work: async ({ memo, resumed }) => {
      // A purge that has a record has its slot.
      const isThere = resumed && (await store.read(memo)) !== undefined;
      const started = await start(memo, isThere);
      return { result: started, verdict: verdictOn(started) };
    },
    ...(onTrouble ? { onTrouble } : {}),
  });
  if (done.outcome === 'ran') return asOrdered(done.result, false);
  if (done.outcome !== 'settled') return done;
  const stored = await store.read(done.answer);
  if (!stored) return { outcome: 'not-started', cause: new Error('The purge of this key is gone') };
  return { outcome: 'started', record: stored.record, replayed: true };
}

type Tried = Started | Extract<SlotTaken, { outcome: 'full' }>;

/** Settles the claim if the purge has started. Otherwise nothing was written, or the purge has ended. */
function verdictOn(started: Tried): Verdict {
  return started.outcome === 'started'
    ? { claim: 'settle', answer: started.record.id }
    : { claim: 'release' };
}

function asOrdered(started: Tried, replayed: boolean): Ordered {
  return started.outcome === 'started' ? { ...started, replayed } : started;
}
