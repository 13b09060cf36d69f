import type { PurgeStore } from './ports.ts';
import type { PurgeRecord } from './record.ts';
import { outcomeOf, withBatch } from './settle.ts';

/**
 * The record of a purge that ends here, with batches open perhaps that nobody will do once more: what is known
 * of them is counted, and `error` says of how many executions it is not known whether they were ended or deleted.
 */
export async function withLastWord(
  store: PurgeStore,
  before: PurgeRecord,
  error: string | null,
): Promise<PurgeRecord> {
  let record = before;
  let inDoubt = 0;
  for await (const batch of store.batches(before.id)) {
    if (batch.seq <= before.progress.settledBatch) continue;
    record = withBatch(record, batch, outcomeOf(batch));
    // What is not in the archive yet was not touched.
    if (batch.archived || !before.request.archive) inDoubt += batch.active.length + batch.inactive.length;
  }
  if (inDoubt === 0) return { ...record, error };
  const doubt = `of ${inDoubt} executions it is not known whether they were acted on`;
  return { ...record, error: error === null ? doubt : `${error}; ${doubt}` };
}
