import {
  ConditionalCheckFailedException,
  DeleteItemCommand,
  GetItemCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import * as v from 'valibot';
import type { TurnStore } from '../../purge/engine/ports.ts';
import { partitionOf } from './partitions.ts';
import type { Item, Table } from './table.ts';

/**
 * Turns in the table: for each flow one item, which names whose turn it is and who waits. It goes with the
 * last one that leaves; what expires is only what was left by a purge whose worker never came back.
 */
const TTL_SECONDS = 7 * 24 * 60 * 60;
const SECOND_MS = 1_000;
/** Between looking for who waits and leaving, somebody may come, once. */
const LEAVE_TRIES = 2;

const NAMES = { '#holder': 'holder', '#waiting': 'waiting' };
const turnItem = v.object({ holder: v.object({ S: v.string() }) });

export function createTurnStore({ client, name }: Table, now: () => number): TurnStore {
  const update = async (
    flowSid: string,
    change: string,
    condition: string,
    values: Item,
  ): Promise<boolean> => {
    const names = Object.entries(NAMES).filter(([alias]) => `${change} ${condition}`.includes(alias));
    return holds(
      client.send(
        new UpdateItemCommand({
          TableName: name,
          Key: keyOf(flowSid),
          UpdateExpression: change,
          ConditionExpression: condition,
          ExpressionAttributeNames: Object.fromEntries(names),
          ExpressionAttributeValues: values,
        }),
      ),
    );
  };
  const expiry = () => ({ N: String(Math.ceil(now() / SECOND_MS) + TTL_SECONDS) });
  const take = (flowSid: string, purge: string, condition: string, values: Item = {}) =>
    update(flowSid, 'SET #holder = :purge, expiresAt = :expiry', condition, {
      ...values,
      ':purge': { S: purge },
      ':expiry': expiry(),
    });

  return {
    async ask(flowSid, purge) {
      for (;;) {
        if (await take(flowSid, purge, 'attribute_not_exists(#holder) OR #holder = :purge')) return purge;
        await update(
          flowSid,
          'SET #waiting = list_append(if_not_exists(#waiting, :nobody), :self)',
          'attribute_exists(#holder) AND NOT contains(#waiting, :purge)',
          { ':purge': { S: purge }, ':self': { L: [{ S: purge }] }, ':nobody': { L: [] } },
        );
        const get = new GetItemCommand({ TableName: name, Key: keyOf(flowSid), ConsistentRead: true });
        const { Item: item } = await client.send(get);
        // Left in this very moment: then it is free.
        if (item) return v.parse(turnItem, item).holder.S;
      }
    },

    async leave(flowSid, purge) {
      const own = { ':purge': { S: purge } };
      for (let tries = 0; tries < LEAVE_TRIES; tries++) {
        const handedOver = await update(
          flowSid,
          'SET #holder = #waiting[0] REMOVE #waiting[0]',
          '#holder = :purge AND attribute_exists(#waiting[0])',
          own,
        );
        if (handedOver) return;
        const remove = new DeleteItemCommand({
          TableName: name,
          Key: keyOf(flowSid),
          ConditionExpression: '#holder = :purge AND attribute_not_exists(#waiting[0])',
          ExpressionAttributeNames: NAMES,
          ExpressionAttributeValues: own,
        });
        if (await holds(client.send(remove))) return;
      }
    },

    takeOver: (flowSid, from, purge) => take(flowSid, purge, '#holder = :from', { ':from': { S: from } }),
  };
}

/** Whether the write's condition held. */
async function holds(write: Promise<unknown>): Promise<boolean> {
  try {
    await write;
    return true;
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) return false;
    throw error;
  }
}

function keyOf(flowSid: string): Item {
  return { pk: { S: partitionOf.flow(flowSid) }, sk: { S: 'turn' } };
}
