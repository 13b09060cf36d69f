import type { FailureStore, PurgeStore } from './ports.ts';
import type { PurgeRecord } from './record.ts';
import { outcomeOf, withBatch } from './settle.ts';

/**
 * The record of a purge that ends here, with batches open perhaps that nobody will do once more: what is known
 * of them is counted, and `error` says of how many executions it is not known whether they were ended or deleted,
 * `unclearFailures` among them.
 */
export async function withLastWord(
  store: PurgeStore,
  before: PurgeRecord,
  error: string | null,
  unclearFailures = 0,
): Promise<PurgeRecord> {
  let record = before;
  let inDoubt = unclearFailures;
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

/** Failures that may have been ended or deleted all the same. A round over them would have told; there was none. */
export async function unclearFailures(
  { store, failures }: { store: PurgeStore; failures: FailureStore },
  { id, counts, progress }: PurgeRecord,
): Promise<number> {
  if (counts.failed === 0 || progress.retryRound > 0) return 0;
  // What a batch that is open has taken over is that one's to tell of.
  const taken = new Set<string>();
  for await (const { seq, retryOf } of store.batches(id))
    if (seq > progress.settledBatch) for (const { sid } of retryOf?.failed ?? []) taken.add(sid);
  let count = 0;
  let mark: string | null = null;
  do {
    const page = await failures.page(id, mark);
    count += page.failures.filter(({ sid, unclear }) => unclear !== 'nothing' && !taken.has(sid)).length;
    mark = page.next;
  } while (mark !== null);
  return count;
}
