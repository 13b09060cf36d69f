import { randomUUID } from 'node:crypto';
import { QueryCommand } from '@aws-sdk/client-dynamodb';
import * as v from 'valibot';
import { type Batch, batch as batchSchema, type OwnedBatch } from '../../purge/batch/batch.ts';
import { type PurgeStore, type StoredPurge, SupersededError } from '../../purge/engine/ports.ts';
import { purgeRecord } from '../../purge/record/record.ts';
import { partitionOf } from './partitions.ts';
import { queryAll } from './query-all.ts';
import { deleteItem, getItem, type Item, putItem, secondsFrom, type Table } from './table.ts';
import { updateItem } from './update-item.ts';

const BATCH = 'batch#';
const SEQ_DIGITS = 8;
const FIRST_VERSION = 1;
/** Longer than Twilio keeps the executions. */
const BATCH_TTL_SECONDS = 60 * 24 * 60 * 60;

const recordItem = v.object({
  record: v.object({ S: v.pipe(v.string(), v.parseJson(), purgeRecord) }),
  version: v.object({ N: v.pipe(v.string(), v.transform(Number), v.safeInteger()) }),
  stopRequested: v.optional(v.object({ BOOL: v.boolean() })),
});
const batchItem = v.object({ batch: v.object({ S: v.pipe(v.string(), v.parseJson(), batchSchema) }) });

/**
 * Purges in the table. All records share one partition, whose sort key is the id, and so the time; batches
 * have a partition for each purge. A record is one JSON text, which only its worker replaces, each time the
 * version that it has read; `stopRequested` is written by others.
 */
export function createPurgeStore(
  table: Table,
  now: () => number,
  newId: () => string = randomUUID,
): PurgeStore {
  const { client, name } = table;

  async function read(id: string): Promise<StoredPurge | undefined> {
    const item = await getItem(table, recordKey(id));
    return item && fromItem(item);
  }

  const itemOf = (purge: string, { owner, ...batch }: OwnedBatch): Item => ({
    ...batchKey(purge, batch.seq),
    batch: { S: JSON.stringify(batch) },
    owner: { S: owner },
    expiresAt: secondsFrom(now(), BATCH_TTL_SECONDS),
  });

  return {
    read,

    async create(record) {
      const item = {
        ...recordKey(record.id),
        record: { S: JSON.stringify(record) },
        version: { N: String(FIRST_VERSION) },
      };
      return (await putItem(table, item, 'attribute_not_exists(pk)')) ? 'created' : 'exists';
    },

    async save(record, version) {
      const key = recordKey(record.id);
      const json = JSON.stringify(record);
      const values = {
        ':record': { S: json },
        ':version': { N: String(version) },
        ':next': { N: String(version + 1) },
      };
      const change = 'SET #record = :record, version = :next';
      const saved = await updateItem(table, key, change, 'version = :version', values);
      // After a lost response, the SDK repeats the write, and meets its own first try.
      const item = saved ?? (await getItem(table, key));
      if (item?.['record']?.S !== json) throw superseded(record.id);
      return { version: version + 1, stopRequested: item['stopRequested']?.BOOL === true };
    },

    async requestStop(id) {
      const values = { ':true': { BOOL: true } };
      const change = 'SET stopRequested = :true';
      const item = await updateItem(table, recordKey(id), change, 'attribute_exists(pk)', values);
      return item && fromItem(item);
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
        // One more than requested tells whether there are more.
        Limit: limit + 1,
      });
      const { Items: items = [], LastEvaluatedKey: last } = await client.send(query);
      const purges = items.slice(0, limit).map((item) => fromItem(item).record);
      // A query also ends at a megabyte.
      const isMore = items.length > limit || last !== undefined;
      return { purges, next: isMore ? (purges.at(-1)?.id ?? null) : null };
    },

    async openBatch(purge, batch) {
      const owned = { ...batch, owner: newId() };
      if (await putItem(table, itemOf(purge, owned), 'attribute_not_exists(pk)')) return owned;
      // After a lost response, the SDK repeats the write, and meets its own first try.
      const standing = await getItem(table, batchKey(purge, batch.seq));
      if (standing?.['owner']?.S !== owned.owner) throw superseded(purge);
      return owned;
    },

    async takeBatch(purge, seq) {
      const owner = newId();
      const values = { ':owner': { S: owner } };
      const change = 'SET #owner = :owner';
      const item = await updateItem(table, batchKey(purge, seq), change, 'attribute_exists(pk)', values);
      if (!item) throw superseded(purge);
      return { ...batchFrom(item), owner };
    },

    async saveBatch(purge, batch) {
      const values = { ':owner': { S: batch.owner } };
      if (!(await putItem(table, itemOf(purge, batch), '#owner = :owner', values))) throw superseded(purge);
    },

    async dropBatch(purge, seq) {
      await deleteItem(table, batchKey(purge, seq));
    },

    async *batches(purge) {
      const items = queryAll(table, {
        KeyConditionExpression: 'pk = :pk AND begins_with(sk, :batch)',
        ExpressionAttributeValues: { ':pk': { S: partitionOf.purge(purge) }, ':batch': { S: BATCH } },
      });
      for await (const item of items) yield batchFrom(item);
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

function batchFrom(item: Item): Batch {
  return v.parse(batchItem, item).batch.S;
}

function superseded(purge: string): SupersededError {
  return new SupersededError(`Another worker has taken over purge ${purge}`);
}

function fromItem(item: Item): StoredPurge {
  const { record, version, stopRequested } = v.parse(recordItem, item);
  return { record: record.S, version: version.N, stopRequested: stopRequested?.BOOL === true };
}
