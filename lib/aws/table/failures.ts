import * as v from 'valibot';
import { type FailedItem, failedItem } from '../../purge/batch/batch.ts';
import type { FailureStore } from '../../purge/engine/ports.ts';
import { failureSortKey, sortKeyRange } from '../../purge/record/failure-sort-key.ts';
import { partitionOf } from './partitions.ts';
import { queryAll } from './query-all.ts';
import { deleteItem, type Item, putItem, secondsFrom, type Table } from './table.ts';

const FAILED = 'failed#';
/** Longer than Twilio keeps the executions. */
const TTL_SECONDS = 60 * 24 * 60 * 60;
const WRITES_AT_ONCE = 16;
const PAGE = 1_000;

const failureItem = v.object({
  sk: v.object({ S: v.string() }),
  failed: v.object({ S: v.pipe(v.string(), v.parseJson(), failedItem) }),
});

/** The failed SIDs of a purge, one item each, in the partition of its batches. */
export function createFailureStore(table: Table, now: () => number): FailureStore {
  async function writeAll(failed: readonly FailedItem[], write: (item: FailedItem) => Promise<unknown>) {
    const rest = [...failed];
    const work = async () => {
      for (let item = rest.pop(); item; item = rest.pop()) await write(item);
    };
    await Promise.all(Array.from({ length: WRITES_AT_ONCE }, work));
  }

  async function* query(purge: string, [from, to]: readonly [string, string], limit?: number) {
    const items = queryAll(table, {
      KeyConditionExpression: 'pk = :pk AND sk BETWEEN :from AND :to',
      ExpressionAttributeValues: {
        ':pk': { S: partitionOf.purge(purge) },
        ':from': { S: FAILED + from },
        ':to': { S: FAILED + to },
      },
      ...(limit === undefined ? {} : { Limit: limit }),
    });
    for await (const item of items) yield v.parse(failureItem, item);
  }

  return {
    put: (purge, flow, failed) =>
      writeAll(failed, (one) => {
        const item = {
          ...keyOf(purge, flow, one),
          failed: { S: JSON.stringify(one) },
          expiresAt: secondsFrom(now(), TTL_SECONDS),
        };
        return putItem(table, item);
      }),

    drop: (purge, flow, failed) => writeAll(failed, (one) => deleteItem(table, keyOf(purge, flow, one))),

    async within(purge, flow, from, to) {
      const sids = new Set<string>();
      for (const range of [sortKeyRange(flow, from, to), sortKeyRange(flow, null, null)])
        for await (const { failed } of query(purge, range)) sids.add(failed.S.sid);
      return sids;
    },

    async page(purge, after, limit = PAGE) {
      const failures = [];
      let sortKey: string | null = null;
      // No sort key begins with another one. One more than requested tells whether there are more.
      const items = query(purge, [after === null ? '' : `${after}#`, '~'], limit + 1);
      for await (const { sk, failed } of items) {
        if (failures.length === limit) return { failures, next: sortKey };
        sortKey = sk.S.slice(FAILED.length);
        failures.push({ ...failed.S, flow: Number.parseInt(sortKey, 10) });
      }
      return { failures, next: null };
    },
  };
}

function keyOf(purge: string, flow: number, { created, sid }: FailedItem): Item {
  return {
    pk: { S: partitionOf.purge(purge) },
    sk: { S: FAILED + failureSortKey(flow, created, sid) },
  };
}
