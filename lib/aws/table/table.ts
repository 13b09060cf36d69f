import { type AttributeValue, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { type AwsEnvironment, awsClientOptions } from '../clients.ts';

/**
 * The one table: partition key `pk` and sort key `sk`, both strings, TTL attribute `expiresAt` in seconds.
 * TTL is late by hours, so that whoever reads checks `expiresAt` as well.
 */
export type Table = { client: DynamoDBClient; name: string };

export type Item = Record<string, AttributeValue>;

export function openTable(env: AwsEnvironment, region: string, name: string): Table {
  return { client: new DynamoDBClient(awsClientOptions(env, region)), name };
}
