import {
  type AttributeValue,
  ConditionalCheckFailedException,
  DynamoDBClient,
  QueryCommand,
  type QueryCommandInput,
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

/** Whether the condition of the write held. */
export async function holds(write: Promise<unknown>): Promise<boolean> {
  try {
    await write;
    return true;
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) return false;
    throw error;
  }
}

/** All items that match, read consistently, page by page. */
export async function* queryAll(
  { client, name }: Table,
  query: Omit<QueryCommandInput, 'TableName'>,
): AsyncGenerator<Item, void, void> {
  let start: Item | undefined;
  do {
    const command: QueryCommand = new QueryCommand({
      ...query,
      TableName: name,
      ConsistentRead: true,
      ...(start === undefined ? {} : { ExclusiveStartKey: start }),
    });
    const { Items: items = [], LastEvaluatedKey: last } = await client.send(command);
    yield* items;
    start = last;
  } while (start !== undefined);
}

export function secondsFrom(nowMs: number, seconds: number): AttributeValue.NMember {
  return { N: String(Math.ceil(nowMs / SECOND_MS) + seconds) };
}
