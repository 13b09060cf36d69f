import type { PurgeStore } from './ports.ts';
import type { PurgeRecord } from './record.ts';

/**
 * The error of a purge that ends here, with the executions of which it is not known whether they were ended or
 * deleted: their batches are open still, and nobody will do them once more.
 */
export async function withDoubt(
  store: PurgeStore,
  record: PurgeRecord,
  error: string | null,
): Promise<string | null> {
  let count = 0;
  // What is not in the archive yet was not touched.
  for await (const { seq, archived, active, inactive } of store.batches(record.id))
    if (seq > record.progress.settledBatch && (archived || !record.request.archive))
      count += active.length + inactive.length;
  if (count === 0) return error;
  const doubt = `of ${count} executions it is not known whether they were acted on`;
  return error === null ? doubt : `${error}; ${doubt}`;
}
