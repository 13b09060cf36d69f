import { type AttributeValue, DynamoDBClient, paginateScan } from '@aws-sdk/client-dynamodb';
import type { Local } from '../../../infra/local/local.ts';
import { clientOf } from '../aws-client.ts';

export type TableRow = Record<string, AttributeValue>;

/** Everything that is in the table of a local run, as it is stored. */
export async function rowsOf({ endpoints, resources }: Local): Promise<TableRow[]> {
  const client = new DynamoDBClient(clientOf(endpoints.DYNAMODB));
  try {
    const rows: TableRow[] = [];
    for await (const { Items = [] } of paginateScan({ client }, { TableName: resources.table }))
      rows.push(...Items);
    return rows;
  } finally {
    client.destroy();
  }
}
