import {
  type AttributeValue,
  ConditionalCheckFailedException,
  DeleteItemCommand,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
} from '@aws-sdk/client-dynamodb';
import { type AwsEnvironment, awsClientOptions } from '../clients.ts';

/**
 * The one table: partition key `pk` and sort key `sk`, both strings, TTL attribute `expiresAt` in seconds.
 * DynamoDB deletes expired items hours late, so that readers check `expiresAt` as well.
 */
export type Table = { client: DynamoDBClient; name: string };

export type Item = Record<string, AttributeValue>;

const SECOND_MS = 1_000;

export function openTable(env: AwsEnvironment, region: string, name: string): Table {
  return { client: new DynamoDBClient(awsClientOptions(env, region)), name };
}

/** Reads an item, consistently. */
export async function getItem({ client, name }: Table, key: Item): Promise<Item | undefined> {
  return (await client.send(new GetItemCommand({ TableName: name, Key: key, ConsistentRead: true }))).Item;
}

/** Returns false, and writes nothing, if the condition does not hold. */
export function putItem({ client, name }: Table, item: Item, condition?: string, values?: Item) {
  return holds(
    client.send(
      new PutItemCommand({
        TableName: name,
        Item: item,
        ConditionExpression: condition,
        ExpressionAttributeNames: namesIn(condition),
        ExpressionAttributeValues: values,
      }),
    ),
  );
}

/** Returns false, and deletes nothing, if the condition does not hold. */
export function deleteItem({ client, name }: Table, key: Item, condition?: string, values?: Item) {
  return holds(
    client.send(
      new DeleteItemCommand({
        TableName: name,
        Key: key,
        ConditionExpression: condition,
        ExpressionAttributeNames: namesIn(condition),
        ExpressionAttributeValues: values,
      }),
    ),
  );
}

/** The attributes of an expression that are written with `#`, because DynamoDB reserves their names. */
export function namesIn(expression = ''): Record<string, string> | undefined {
  const names = [...expression.matchAll(/#(\w+)/g)].map(([alias, name = '']) => [alias, name]);
  return names.length > 0 ? Object.fromEntries(names) : undefined;
}

async function holds(write: Promise<unknown>): Promise<boolean> {
  try {
    await write;
    return true;
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) return false;
    throw error;
  }
}

export function secondsFrom(nowMs: number, seconds: number): AttributeValue.NMember {
  return { N: String(Math.ceil(nowMs / SECOND_MS) + seconds) };
}
