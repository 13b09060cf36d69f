import type { Server, ServerResponse } from 'node:http';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { CreateTableCommandInput } from '@aws-sdk/client-dynamodb';
import dynalite from 'dynalite';
import { bind, type Listening } from '../http.ts';

/** The keys of the one table; the stack deploys the same. */
export const KEYS = {
  AttributeDefinitions: [
    { AttributeName: 'pk', AttributeType: 'S' },
    { AttributeName: 'sk', AttributeType: 'S' },
  ],
  KeySchema: [
    { AttributeName: 'pk', KeyType: 'HASH' },
    { AttributeName: 'sk', KeyType: 'RANGE' },
  ],
  BillingMode: 'PAY_PER_REQUEST',
} satisfies Pick<CreateTableCommandInput, 'AttributeDefinitions' | 'KeySchema' | 'BillingMode'>;

/** How long the end waits for requests that are not answered yet. */
const LAST_WORK_MS = 2_000;

/** DynamoDB, in memory: dynalite, with the one table that the functions know (`pk`, `sk`; no index). */
export async function startTable(tableName: string): Promise<Listening> {
  const server = dynalite({ createTableMs: 0 });
  const isWorking = watchWork(server);
  const table = await bind(server, 0);
  await createTable(table.url, tableName);
  return {
    ...table,
    close: async () => {
      const untilMs = performance.now() + LAST_WORK_MS;
      while (isWorking() && performance.now() < untilMs) await nextTurn();
      await table.close();
    },
  };
}

/**
 * Tells whether requests are not answered yet. dynalite also completes those of clients that are gone, and
 * throws outside of any handler if its database is closed by then.
 */
function watchWork(server: Server): () => boolean {
  const begun = new Set<ServerResponse>();
  server.on('request', (request, response) => {
    request.once('end', () => begun.add(response));
    response.once('finish', () => begun.delete(response));
  });
  return () => [...begun].some(({ writableEnded }) => !writableEnded);
}

/** Without the SDK, whose loading would take longer than everything else at the start. */
async function createTable(url: string, tableName: string): Promise<void> {
  const response = await fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-amz-json-1.0',
      'x-amz-target': 'DynamoDB_20120810.CreateTable',
      'x-amz-date': '20260101T000000Z',
      authorization:
        'AWS4-HMAC-SHA256 Credential=local/20260101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=local',
    },
    body: JSON.stringify({
      TableName: tableName,
      ...KEYS,
    }),
  });
  if (!response.ok) throw new Error(`The local table could not be made: ${await response.text()}`);
}
