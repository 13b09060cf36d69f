import * as v from 'valibot';
import type { SlotStore } from '../../purge/engine/ports.ts';
import { partitionOf } from './partitions.ts';
import { getItem, type Item, putItem, type Table } from './table.ts';

/** The item with the slots of all running purges. */
const KEY: Item = { pk: { S: partitionOf.slots() }, sk: { S: 'slots' } };

const slotsItem = v.object({
  slots: v.object({
    S: v.pipe(
      v.string(),
      v.parseJson(),
      v.array(v.object({ purge: v.string(), caller: v.string(), takenMs: v.number() })),
    ),
  }),
  version: v.object({ N: v.pipe(v.string(), v.transform(Number), v.safeInteger()) }),
});

export function createSlotStore(table: Table): SlotStore {
  return {
    async read() {
      const item = await getItem(table, KEY);
      if (!item) return { slots: [], version: 0 };
      const { slots, version } = v.parse(slotsItem, item);
      return { slots: slots.S, version: version.N };
    },

    write(slots, version) {
      const item = { ...KEY, slots: { S: JSON.stringify(slots) }, version: { N: String(version + 1) } };
      return version === 0
        ? putItem(table, item, 'attribute_not_exists(pk)')
        : putItem(table, item, 'version = :version', { ':version': { N: String(version) } });
    },
  };
}
