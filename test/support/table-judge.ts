import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { IncomingMessage } from 'node:http';
import { afterAll, expect } from 'vitest';
import { type TableUse, tableUse } from '../../infra/constructs/api/table-use.ts';

/**
 * Fails a file whose functions make a call on the table that the stack does not allow them. The stand-in for
 * DynamoDB allows every call. The local run gives each function its own session token.
 */

type Keyed = { pk?: { S?: string } };
type Input = {
  Key?: Keyed;
  Item?: Keyed;
  KeyConditionExpression?: string;
  ExpressionAttributeValues?: Record<string, { S?: string }>;
};

const usesOf = new Map<string, TableUse[]>(Object.entries(tableUse));
const allowed = new Set<string>();
const denied = new Set<string>();

export function isAllowed(name: string, operation: string, input: Input): boolean {
  const pk = partitionIn(input);
  const matches = (partition: string) =>
    partition.endsWith('*') ? pk.startsWith(partition.slice(0, -1)) : pk === partition;
  return (usesOf.get(name) ?? []).some(
    ({ partition, operations }) => matches(partition) && operations.includes(operation),
  );
}

/** The allowed calls that were made so far, such as `trigger PutItem`. */
export function callsSeen(): string[] {
  return [...allowed].toSorted();
}

function partitionIn({ Key, Item, KeyConditionExpression, ExpressionAttributeValues }: Input): string {
  const queried = /^pk = (:\w+)/.exec(KeyConditionExpression ?? '')?.[1] ?? '';
  return (Key ?? Item)?.pk?.S ?? ExpressionAttributeValues?.[queried]?.S ?? '';
}

/** Listens beside the server, which reads the same body. */
function judge(request: IncomingMessage): void {
  const [service = '', operation = ''] = String(request.headers['x-amz-target']).split('.');
  const name = String(request.headers['x-amz-security-token']);
  if (!service.startsWith('DynamoDB_') || !usesOf.has(name)) return;
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const input: Input = JSON.parse(Buffer.concat(chunks).toString());
    if (isAllowed(name, operation, input)) allowed.add(`${name} ${operation}`);
    else denied.add(`${name} may not ${operation} in ${partitionIn(input)}`);
  });
}

function listen(message: unknown): void {
  if (message instanceof Object && 'request' in message && message.request instanceof IncomingMessage)
    judge(message.request);
}
subscribe('http.server.request.start', listen);
afterAll(() => {
  unsubscribe('http.server.request.start', listen);
  expect([...denied]).toEqual([]);
});
