import { LOCK_LEASE_SECONDS } from '../../purge/engine/limits.ts';
import type { LockStore } from '../../purge/engine/ports.ts';
import { partitionOf } from './partitions.ts';
import { deleteItem, type Item, secondsFrom, type Table } from './table.ts';
import { updateItem } from './update-item.ts';

/** Another purge may begin to wait between the two writes of a release, once. */
const RELEASE_TRIES = 2;

/**
 * One item for each flow: the purge that has the lock, and the one that has it next. A lease is its
 * `expiresAt`.
 */
export function createLockStore(table: Table, now: () => number): LockStore {
  return {
    async acquire(flowSid, purge, isUrgent) {
      const acquired = await updateItem(
        table,
        keyOf(flowSid),
        'SET #owner = :purge, expiresAt = :expiry',
        'attribute_not_exists(#owner) OR #owner = :purge OR expiresAt < :now',
        {
          ':purge': { S: purge },
          ':expiry': secondsFrom(now(), LOCK_LEASE_SECONDS),
          ':now': secondsFrom(now(), 0),
        },
      );
      if (acquired) return true;
      await updateItem(
        table,
        keyOf(flowSid),
        'SET #next = :purge, nextIsUrgent = :urgent',
        'attribute_exists(#owner) AND (attribute_not_exists(#next) OR nextIsUrgent < :urgent)',
        { ':purge': { S: purge }, ':urgent': { N: isUrgent ? '1' : '0' } },
      );
      return false;
    },

    async release(flowSid, purge) {
      const own = { ':purge': { S: purge } };
      for (let tries = 0; tries < RELEASE_TRIES; tries++) {
        const passed = await updateItem(
          table,
          keyOf(flowSid),
          'SET #owner = #next, expiresAt = :expiry REMOVE #next, nextIsUrgent',
          '#owner = :purge AND attribute_exists(#next) AND #next <> :purge',
          { ...own, ':expiry': secondsFrom(now(), LOCK_LEASE_SECONDS) },
        );
        if (passed) return;
        const isLast = '#owner = :purge AND (attribute_not_exists(#next) OR #next = :purge)';
        if (await deleteItem(table, keyOf(flowSid), isLast, own)) return;
      }
    },
  };
}

function keyOf(flowSid: string): Item {
  return { pk: { S: partitionOf.flow(flowSid) }, sk: { S: 'lock' } };
}
