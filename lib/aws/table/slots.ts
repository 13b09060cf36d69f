import { GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import * as v from 'valibot';
import type { SlotStore } from '../../purge/engine/ports.ts';
import { partitionOf } from './partitions.ts';
import { holds, type Item, type Table } from './table.ts';

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

export function createSlotStore({ client, name }: Table): SlotStore {
  return {
    async read() {
      const command = new GetItemCommand({ TableName: name, Key: KEY, ConsistentRead: true });
      const { Item: item } = await client.send(command);
      if (!item) return { slots: [], version: 0 };
      const { slots, version } = v.parse(slotsItem, item);
      return { slots: slots.S, version: version.N };
    },

    async write(slots, version) {
      const put = new PutItemCommand({
        TableName: name,
        Item: { ...KEY, slots: { S: JSON.stringify(slots) }, version: { N: String(version + 1) } },
        ConditionExpression: version === 0 ? 'attribute_not_exists(pk)' : 'version = :version',
        ...(version === 0 ? {} : { ExpressionAttributeValues: { ':version': { N: String(version) } } }),
      });
      return holds(client.send(put));
    },
  };
}
