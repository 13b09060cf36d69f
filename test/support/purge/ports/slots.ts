import type { Slot, SlotStore } from '../../../../lib/purge/engine/ports.ts';

/** The store that the table is held against: the same promises, in memory. */
export function createMemorySlots(): SlotStore {
  let kept: readonly Slot[] = [];
  let current = 0;
  return {
    read: async () => ({ slots: kept, version: current }),
    write: async (slots, version) => {
      if (version !== current) return false;
      kept = slots;
      current += 1;
      return true;
    },
  };
}
