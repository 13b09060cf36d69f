import { DeleteItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { LOCK_LEASE_SECONDS } from '../../purge/engine/limits.ts';
import type { LockStore } from '../../purge/engine/ports.ts';
import { partitionOf } from './partitions.ts';
import { holds, type Item, secondsFrom, type Table } from './table.ts';

const NAMES = { '#owner': 'owner', '#next': 'next' };
/** Another purge may begin to wait between the two writes of a release, once. */
const RELEASE_TRIES = 2;

/**
 * One item for each flow: the purge that has the lock, and the one that has it next. A lease is its
 * `expiresAt`.
 */
export function createLockStore({ client, name }: Table, now: () => number): LockStore {
  const update = (flowSid: string, change: string, condition: string, values: Item) =>
    holds(
      client.send(
        new UpdateItemCommand({
          TableName: name,
          Key: keyOf(flowSid),
          UpdateExpression: change,
          ConditionExpression: condition,
          ExpressionAttributeNames: namesIn(`${change} ${condition}`),
          ExpressionAttributeValues: values,
        }),
      ),
    );
  return {
    async acquire(flowSid, purge, isUrgent) {
      const isOurs = await update(
        flowSid,
        'SET #owner = :purge, expiresAt = :expiry',
        'attribute_not_exists(#owner) OR #owner = :purge OR expiresAt < :now',
        {
          ':purge': { S: purge },
          ':expiry': secondsFrom(now(), LOCK_LEASE_SECONDS),
          ':now': secondsFrom(now(), 0),
        },
      );
      if (isOurs) return true;
      const isFirst = isUrgent
        ? '(attribute_not_exists(#next) OR nextIsUrgent = :notUrgent)'
        : 'attribute_not_exists(#next)';
      await update(
        flowSid,
        'SET #next = :purge, nextIsUrgent = :urgent',
        `attribute_exists(#owner) AND ${isFirst}`,
        {
          ':purge': { S: purge },
          ':urgent': { BOOL: isUrgent },
          ...(isUrgent ? { ':notUrgent': { BOOL: false } } : {}),
        },
      );
      return false;
    },

    async release(flowSid, purge) {
      const own = { ':purge': { S: purge } };
      for (let tries = 0; tries < RELEASE_TRIES; tries++) {
        const isPassed = await update(
          flowSid,
          'SET #owner = #next, expiresAt = :expiry REMOVE #next, nextIsUrgent',
          '#owner = :purge AND attribute_exists(#next) AND #next <> :purge',
          { ...own, ':expiry': secondsFrom(now(), LOCK_LEASE_SECONDS) },
        );
        if (isPassed) return;
        const remove = new DeleteItemCommand({
          TableName: name,
          Key: keyOf(flowSid),
          ConditionExpression: '#owner = :purge AND (attribute_not_exists(#next) OR #next = :purge)',
          ExpressionAttributeNames: NAMES,
          ExpressionAttributeValues: own,
        });
        if (await holds(client.send(remove))) return;
      }
    },
  };
}

function namesIn(expressions: string): Record<string, string> {
  return Object.fromEntries(Object.entries(NAMES).filter(([alias]) => expressions.includes(alias)));
}

function keyOf(flowSid: string): Item {
  return { pk: { S: partitionOf.flow(flowSid) }, sk: { S: 'lock' } };
}
