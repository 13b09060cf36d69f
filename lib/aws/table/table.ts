import {
  type AttributeValue,
  ConditionalCheckFailedException,
  DynamoDBClient,
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

export function secondsFrom(nowMs: number, seconds: number): AttributeValue.NMember {
  return { N: String(Math.ceil(nowMs / SECOND_MS) + seconds) };
}
