import { outcomeOf, withBatch } from '../batch/settle.ts';
import type { PurgeRecord } from '../record/record.ts';
import type { FailedItem, FailureStore, PurgeStore } from './ports.ts';

export type Stores = { store: PurgeStore; failures: FailureStore };

/**
 * The record of a purge that ends here, with batches open perhaps that nobody will do once more: what is known
 * of them is counted, and `error` says of how many executions it is not known whether they were ended or deleted.
 */
export async function withLastWord(
  stores: Stores,
  before: PurgeRecord,
  error: string | null,
): Promise<PurgeRecord> {
  let record = before;
  let inDoubt = 0;
  // A round over what failed tells of each whether it is done.
  const noRoundYet = before.progress.retryRound === 0;
  // What a batch that is open has taken over is that one's to tell of.
  const taken = new Set<string>();
  for await (const batch of stores.store.batches(before.id)) {
    if (batch.seq <= before.progress.settledBatch) continue;
    record = withBatch(record, batch, outcomeOf(batch));
    for (const { sid } of batch.retryOf?.failed ?? []) taken.add(sid);
    // What is not in the archive yet was not touched.
    if (batch.archived || !before.request.archive) inDoubt += batch.active.length + batch.inactive.length;
    if (noRoundYet) inDoubt += batch.failed.filter(isUnclear).length;
  }
  if (noRoundYet) inDoubt += await unclearFailures(stores.failures, before, taken);
  if (inDoubt === 0) return { ...record, error };
  const doubt = `of ${inDoubt} executions it is not known whether they were acted on`;
  return { ...record, error: error === null ? doubt : `${error}; ${doubt}` };
}

function isUnclear({ unclear }: FailedItem): boolean {
  return unclear !== 'nothing';
}

/** How many that failed before may have been ended or deleted all the same, but for those `taken`. */
async function unclearFailures(
  failures: FailureStore,
  { id, counts }: PurgeRecord,
  taken: ReadonlySet<string>,
): Promise<number> {
  if (counts.failed === 0) return 0;
  let count = 0;
  let mark: string | null = null;
  do {
    const page = await failures.page(id, mark);
    count += page.failures.filter((one) => isUnclear(one) && !taken.has(one.sid)).length;
    mark = page.next;
  } while (mark !== null);
  return count;
}
