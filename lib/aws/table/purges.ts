import { randomUUID } from 'node:crypto';
import {
  ConditionalCheckFailedException,
  DeleteItemCommand,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import * as v from 'valibot';
import {
  type Batch,
  type HeldBatch,
  OpenAlreadyError,
  type PurgeStore,
  type StoredPurge,
  SupersededError,
} from '../../purge/engine/ports.ts';
import type { PurgeRecord } from '../../purge/record/record.ts';
import { purgeRecord } from '../../purge/record/record.ts';
import { batchSchema } from '../../purge/record/stored.ts';
import { partitionOf } from './partitions.ts';
import type { Item, Table } from './table.ts';

/**
 * Purges in the table. All records share one partition, whose sort key is the time-ordered id: newest first
 * is a query backwards, without an index. Batches lie in a partition of their own for each purge.
 *
 * A record is one JSON text beside the few attributes that conditions need. Only its worker writes the text,
 * each time in place of the version it has read; `stopRequested` is everybody else's.
 */
const BATCH = 'batch#';
const SEQ_DIGITS = 8;
const FIRST_VERSION = 1;
/** Batches that name what failed are of use for as long as Twilio keeps the executions, and some. */
const BATCH_TTL_SECONDS = 60 * 24 * 60 * 60;
const SECOND_MS = 1_000;

const text = v.object({ S: v.string() });
const recordItem = v.object({
  record: text,
  version: v.object({ N: v.pipe(v.string(), v.transform(Number), v.safeInteger()) }),
  stopRequested: v.optional(v.object({ BOOL: v.boolean() })),
});
const batchItem = v.object({ batch: text });

export function createPurgeStore(
  { client, name }: Table,
  now: () => number,
  newId: () => string = randomUUID,
): PurgeStore {
  async function get(key: Item): Promise<Item | undefined> {
    const command = new GetItemCommand({ TableName: name, Key: key, ConsistentRead: true });
    return (await client.send(command)).Item;
  }

  async function read(id: string): Promise<StoredPurge | undefined> {
    const item = await get(recordKey(id));
    return item && fromItem(item);
  }

  /** false when the condition does not hold. */
  async function unless(condition: Promise<unknown>): Promise<boolean> {
    try {
      await condition;
      return true;
    } catch (error) {
      if (error instanceof ConditionalCheckFailedException) return false;
      throw error;
    }
  }

  const itemOf = (purge: string, { holder, ...batch }: HeldBatch): Item => ({
    ...batchKey(purge, batch.seq),
    batch: { S: JSON.stringify(batch) },
    holder: { S: holder },
    expiresAt: { N: String(Math.ceil(now() / SECOND_MS) + BATCH_TTL_SECONDS) },
  });

  return {
    read,

    async create(record) {
      const put = new PutItemCommand({
        TableName: name,
        Item: {
          ...recordKey(record.id),
          record: { S: JSON.stringify(record) },
          version: { N: String(FIRST_VERSION) },
        },
        ConditionExpression: 'attribute_not_exists(pk)',
      });
      return (await unless(client.send(put))) ? 'created' : 'exists';
    },

    async save(record, version) {
      const json = JSON.stringify(record);
      const update = client.send(
        new UpdateItemCommand({
          TableName: name,
          Key: recordKey(record.id),
          UpdateExpression: 'SET #record = :record, version = :next',
          ConditionExpression: 'version = :version',
          ExpressionAttributeNames: { '#record': 'record' },
          ExpressionAttributeValues: {
            ':record': { S: json },
            ':version': { N: String(version) },
            ':next': { N: String(version + 1) },
          },
          ReturnValues: 'ALL_NEW',
        }),
      );
      try {
        const { Attributes: item } = await update;
        return { version: version + 1, stopRequested: item?.['stopRequested']?.BOOL === true };
      } catch (error) {
        if (!(error instanceof ConditionalCheckFailedException)) throw error;
        // The SDK repeats what got no answer: then the first try's own write is in the way.
        const item = await get(recordKey(record.id));
        if (item?.['record']?.S !== json) throw taken(record.id);
        return { version: version + 1, stopRequested: item['stopRequested']?.BOOL === true };
      }
    },

    async requestStop(id) {
      const update = new UpdateItemCommand({
        TableName: name,
        Key: recordKey(id),
        UpdateExpression: 'SET stopRequested = :true',
        ConditionExpression: 'attribute_exists(pk)',
        ExpressionAttributeValues: { ':true': { BOOL: true } },
      });
      return (await unless(client.send(update))) ? read(id) : undefined;
    },

    async list(limit, before) {
      const query = new QueryCommand({
        TableName: name,
        KeyConditionExpression: before === null ? 'pk = :pk' : 'pk = :pk AND sk < :before',
        ExpressionAttributeValues: {
          ':pk': { S: partitionOf.records() },
          ...(before === null ? {} : { ':before': { S: before } }),
        },
        ScanIndexForward: false,
        // One more than asked for tells whether there are more.
        Limit: limit + 1,
      });
      const { Items: items = [], LastEvaluatedKey: last } = await client.send(query);
      const purges = items.slice(0, limit).map((item) => fromItem(item).record);
      // The table may also stop before, at a megabyte.
      const isMore = items.length > limit || last !== undefined;
      return { purges, next: isMore ? (purges.at(-1)?.id ?? null) : null };
    },

    async openBatch(purge, batch) {
      // Two workers may have listed the same: that it says the same does not make another's batch one's own.
      const held = { ...batch, holder: newId() };
      const put = new PutItemCommand({
        TableName: name,
        Item: itemOf(purge, held),
        ConditionExpression: 'attribute_not_exists(pk)',
      });
      if (await unless(client.send(put))) return held;
      // The SDK repeats what got no answer: then the first try's own write is in the way.
      const standing = await get(batchKey(purge, batch.seq));
      if (standing?.['holder']?.S !== held.holder)
        throw new OpenAlreadyError(`Batch ${batch.seq} of purge ${purge} is somebody else's`);
      return held;
    },

    async takeBatch(purge, seq) {
      const holder = newId();
      const update = new UpdateItemCommand({
        TableName: name,
        Key: batchKey(purge, seq),
        UpdateExpression: 'SET holder = :holder',
        ConditionExpression: 'attribute_exists(pk)',
        ExpressionAttributeValues: { ':holder': { S: holder } },
        ReturnValues: 'ALL_NEW',
      });
      try {
        const { Attributes: item } = await client.send(update);
        return { ...batchFrom(item), holder };
      } catch (error) {
        throw error instanceof ConditionalCheckFailedException ? taken(purge) : error;
      }
    },

    async saveBatch(purge, batch) {
      const put = new PutItemCommand({
        TableName: name,
        Item: itemOf(purge, batch),
        ConditionExpression: 'holder = :holder',
        ExpressionAttributeValues: { ':holder': { S: batch.holder } },
      });
      if (!(await unless(client.send(put)))) throw taken(purge);
    },

    async dropBatch(purge, seq) {
      await client.send(new DeleteItemCommand({ TableName: name, Key: batchKey(purge, seq) }));
    },

    async *batches(purge) {
      let start: Item | undefined;
      do {
        const query: QueryCommand = new QueryCommand({
          TableName: name,
          KeyConditionExpression: 'pk = :pk AND begins_with(sk, :batch)',
          ExpressionAttributeValues: { ':pk': { S: partitionOf.purge(purge) }, ':batch': { S: BATCH } },
          ConsistentRead: true,
          ...(start === undefined ? {} : { ExclusiveStartKey: start }),
        });
        const { Items: items = [], LastEvaluatedKey: last } = await client.send(query);
        for (const item of items) yield batchFrom(item);
        start = last;
      } while (start !== undefined);
    },
  };
}

function recordKey(id: string): Item {
  return { pk: { S: partitionOf.records() }, sk: { S: id } };
}

function batchKey(purge: string, seq: number): Item {
  return {
    pk: { S: partitionOf.purge(purge) },
    sk: { S: `${BATCH}${String(seq).padStart(SEQ_DIGITS, '0')}` },
  };
}

function batchFrom(item: Item | undefined): Batch {
  return v.parse(batchSchema, JSON.parse(v.parse(batchItem, item).batch.S));
}

function taken(purge: string): SupersededError {
  return new SupersededError(`Purge ${purge} is somebody else's now`);
}

function fromItem(item: Item): StoredPurge {
  const { record, version, stopRequested } = v.parse(recordItem, item);
  const parsed: PurgeRecord = v.parse(purgeRecord, JSON.parse(record.S));
  return { record: parsed, version: version.N, stopRequested: stopRequested?.BOOL === true };
}
