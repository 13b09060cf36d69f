import { LONGEST_START_MS, MAX_RUNNING, MAX_RUNNING_A_CALLER } from '../engine/limits.ts';
import type { PurgeStore, Slot, SlotStore } from '../engine/ports.ts';
import { isStale } from '../record/view.ts';

export type SlotPorts = { slots: SlotStore; store: Pick<PurgeStore, 'read'>; now: () => number };

/** `full`: the deployment, or this caller, already runs as many purges as it may. */
export type SlotTaken = { outcome: 'taken' } | ({ outcome: 'full' } & SlotLimit);
type SlotLimit = { of: 'deployment' | 'caller'; most: number };

/**
 * Takes a slot for a purge before its record is written; a purge that has a slot keeps it. Purges do not
 * release their slots: when none is left, the slots of purges that no longer run are dropped.
 */
export async function takeSlot(ports: SlotPorts, purge: string, caller: string): Promise<SlotTaken> {
  for (;;) {
    const { slots, version } = await ports.slots.read();
    if (slots.some((slot) => slot.purge === purge)) return { outcome: 'taken' };
    const kept = slotLimitReached(slots, caller) ? await runningOf(ports, slots) : slots;
    const slotLimit = slotLimitReached(kept, caller);
    if (slotLimit) return { outcome: 'full', ...slotLimit };
    const taken = [...kept, { purge, caller, takenMs: ports.now() }];
    // Fails only if another request has taken a slot, so the loop ends when all are taken.
    if (await ports.slots.write(taken, version)) return { outcome: 'taken' };
  }
}

function slotLimitReached(slots: readonly Slot[], caller: string): SlotLimit | undefined {
  const own = slots.filter((slot) => slot.caller === caller);
  if (own.length >= MAX_RUNNING_A_CALLER) return { of: 'caller', most: MAX_RUNNING_A_CALLER };
  return slots.length >= MAX_RUNNING ? { of: 'deployment', most: MAX_RUNNING } : undefined;
}

async function runningOf({ store, now }: SlotPorts, slots: readonly Slot[]): Promise<Slot[]> {
  const running = await Promise.all(
    slots.map(async ({ purge, takenMs }) => {
      const record = (await store.read(purge))?.record;
      // Without a record, the request is about to write it or has died.
      if (!record) return now() - takenMs < LONGEST_START_MS;
      return record.status === 'running' && !isStale(record, now());
    }),
  );
  return slots.filter((_, index) => running[index]);
}
