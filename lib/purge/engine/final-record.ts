import { keepFailures, settledRecord } from '../batch/settle.ts';
import type { PurgeRecord, PurgeStatus } from '../record/record.ts';
import type { FailureStore, Ports } from './ports.ts';

export type Stores = Pick<Ports, 'store' | 'failures'>;

/**
 * Returns the record of a purge that ends now, with the known outcomes of its open batches. Its `error` also
 * says for how many executions the outcome is unknown.
 */
export async function finalRecord(
  { store, failures }: Stores,
  before: PurgeRecord,
  error: string | null,
): Promise<PurgeRecord> {
  const { id, request, progress } = before;
  let record = before;
  const unknown = new Set<string>();
  for await (const batch of store.batches(id)) {
    if (batch.seq <= progress.settledBatch) continue;
    const named = await keepFailures(failures, record, batch);
    record = { ...settledRecord(record, batch), failures: named };
    // An execution is archived before anything is done to it.
    if (batch.archived || !request.archive)
      for (const sid of [...batch.active, ...batch.inactive]) unknown.add(sid);
  }
  // Once it is retried, it is known what the earlier call has done.
  const unknownFailures = progress.retryRound === 0 ? await failedUnknown(failures, id, unknown) : 0;
  const count = unknown.size + unknownFailures;
  if (count === 0) return { ...record, error };
  const told = `of ${count} executions it is not known whether they were acted on`;
  return { ...record, error: error === null ? told : `${error}; ${told}` };
}

/** Counts the failed executions that may have been deleted or ended, without those in `known`. */
async function failedUnknown(
  failures: FailureStore,
  id: string,
  known: ReadonlySet<string>,
): Promise<number> {
  let count = 0;
  let sortKey: string | null = null;
  do {
    const page = await failures.page(id, sortKey);
    count += page.failures.filter(
      ({ sid, possibleEffect }) => possibleEffect !== 'nothing' && !known.has(sid),
    ).length;
    sortKey = page.next;
  } while (sortKey !== null);
  return count;
}

/** Marks a purge whose worker cannot continue as failed, unless it has ended. Returns its status. */
export async function abandonPurge(
  stores: Stores,
  id: string,
  error: string,
  nowMs: number,
): Promise<PurgeStatus> {
  const stored = await stores.store.read(id);
  if (stored?.record.status !== 'running') return stored?.record.status ?? 'failed';
  const now = new Date(nowMs).toISOString();
  const record = await finalRecord(stores, stored.record, error);
  await stores.store.save({ ...record, status: 'failed', dateUpdated: now, dateEnded: now }, stored.version);
  return 'failed';
}
