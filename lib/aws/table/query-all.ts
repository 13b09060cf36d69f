import { QueryCommand, type QueryCommandInput } from '@aws-sdk/client-dynamodb';
import type { Item, Table } from './table.ts';

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
