import { DeleteItemCommand, PutItemCommand, QueryCommand } from '@aws-sdk/client-dynamodb';
import * as v from 'valibot';
import type { FailedItem, FailureStore } from '../../purge/engine/ports.ts';
import { failureMark, marksBetween } from '../../purge/record/failure-mark.ts';
import { failedItemSchema } from '../../purge/record/stored.ts';
import { partitionOf } from './partitions.ts';
import type { Item, Table } from './table.ts';

/**
 * What failed in a purge, in the partition of its batches: one item each, sorted by flow and creation. A purge
 * in which nothing fails writes and reads none.
 */
const FAILED = 'failed#';
/** Of use for as long as Twilio keeps the executions, and some. */
const TTL_SECONDS = 60 * 24 * 60 * 60;
const SECOND_MS = 1_000;
const WRITES_AT_ONCE = 16;
const PAGE = 1_000;

const failedAttributes = v.object({ sk: v.object({ S: v.string() }), failed: v.object({ S: v.string() }) });

export function createFailureStore({ client, name }: Table, now: () => number): FailureStore {
  /** In no order: each is of another item. */
  async function writeAll(failed: readonly FailedItem[], write: (item: FailedItem) => Promise<unknown>) {
    const rest = [...failed];
    const work = async () => {
      for (let item = rest.pop(); item; item = rest.pop()) await write(item);
    };
    await Promise.all(Array.from({ length: WRITES_AT_ONCE }, work));
  }

  async function* query(purge: string, [from, to]: readonly [string, string], limit?: number) {
    let start: Item | undefined;
    do {
      const command: QueryCommand = new QueryCommand({
        TableName: name,
        KeyConditionExpression: 'pk = :pk AND sk BETWEEN :from AND :to',
        ExpressionAttributeValues: {
          ':pk': partition(purge),
          ':from': { S: FAILED + from },
          ':to': { S: FAILED + to },
        },
        ConsistentRead: true,
        ...(limit === undefined ? {} : { Limit: limit }),
        ...(start === undefined ? {} : { ExclusiveStartKey: start }),
      });
      const { Items: items = [], LastEvaluatedKey: last } = await client.send(command);
      for (const item of items) yield v.parse(failedAttributes, item);
      start = last;
    } while (start !== undefined);
  }

  return {
    async put(purge, flow, failed) {
      const expiresAt = { N: String(Math.ceil(now() / SECOND_MS) + TTL_SECONDS) };
      await writeAll(failed, (one) => {
        const item = { ...keyOf(purge, flow, one), failed: { S: JSON.stringify(one) }, expiresAt };
        return client.send(new PutItemCommand({ TableName: name, Item: item }));
      });
    },

    async drop(purge, flow, failed) {
      await writeAll(failed, (one) =>
        client.send(new DeleteItemCommand({ TableName: name, Key: keyOf(purge, flow, one) })),
      );
    },

    async within(purge, flow, from, to) {
      const sids = new Set<string>();
      for (const marks of [marksBetween(flow, from, to), marksBetween(flow, null, null)])
        for await (const { sk } of query(purge, marks)) sids.add(sk.S.slice(sk.S.lastIndexOf('#') + 1));
      return sids;
    },

    async page(purge, after, limit = PAGE) {
      const failures = [];
      let mark: string | null = null;
      // The first behind the mark: no mark has another's beginning. One more than asked for tells whether there are more.
      const items = query(purge, [after === null ? '' : `${after}#`, '~'], limit + 1);
      for await (const { sk, failed } of items) {
        if (failures.length === limit) return { failures, next: mark };
        mark = sk.S.slice(FAILED.length);
        failures.push({
          ...v.parse(failedItemSchema, JSON.parse(failed.S)),
          flow: Number.parseInt(mark, 10),
        });
      }
      return { failures, next: null };
    },
  };
}

function partition(purge: string) {
  return { S: partitionOf.purge(purge) };
}

function keyOf(purge: string, flow: number, { created, sid }: FailedItem): Item {
  return { pk: partition(purge), sk: { S: FAILED + failureMark(flow, created, sid) } };
}
