import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { afterAll } from 'vitest';
import { startTable } from '../../infra/local/aws/dynamodb.ts';
import { awsClientOptions } from '../../lib/aws/clients.ts';
import type { Table } from '../../lib/aws/table/table.ts';

const NAME = 'table';
const ENV = { AWS_ACCESS_KEY_ID: 'key', AWS_SECRET_ACCESS_KEY: 'local' };

/** The table behind this address, by a client as the functions have it. */
export function openTableAt(endpoint: string): Table {
  return { client: new DynamoDBClient({ ...awsClientOptions(ENV, 'eu-central-1'), endpoint }), name: NAME };
}

/** A local table for all tests of a file; closed after the last one. */
export async function tableOfFile(): Promise<Table & { url: string }> {
  const local = await startTable(NAME);
  const table = openTableAt(local.url);
  afterAll(async () => {
    table.client.destroy();
    await local.close();
  });
  return { ...table, url: local.url };
}
