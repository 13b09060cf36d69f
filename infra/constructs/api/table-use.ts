import { partitionOf } from '../../../lib/aws/table/partitions.ts';
import type { FunctionName } from '../../../lib/http/routes.ts';

/** Calls on one partition of the table; `*` stands for any id. */
export type TableUse = { partition: string; operations: string[] };

const claims = { partition: partitionOf.claim('*'), operations: ['DeleteItem', 'GetItem', 'PutItem'] };

/** The calls that each function makes on the table. No function deletes a purge's record. */
export const tableUse: Record<FunctionName | 'cleanup', TableUse[]> = {
  trigger: [claims],
  query: [],
  end: [],
  delete: [],
  purge: [
    claims,
    { partition: partitionOf.records(), operations: ['GetItem', 'PutItem', 'Query', 'UpdateItem'] },
    { partition: partitionOf.purge('*'), operations: ['Query'] },
    { partition: partitionOf.slots(), operations: ['GetItem', 'PutItem'] },
  ],
  cleanup: [
    { partition: partitionOf.records(), operations: ['GetItem', 'PutItem', 'UpdateItem'] },
    {
      partition: partitionOf.purge('*'),
      operations: ['DeleteItem', 'GetItem', 'PutItem', 'Query', 'UpdateItem'],
    },
    { partition: partitionOf.flow('*'), operations: ['DeleteItem', 'GetItem', 'UpdateItem'] },
  ],
};
