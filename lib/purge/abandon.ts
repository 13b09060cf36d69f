import { type Stores, withLastWord } from './last-word.ts';
import { isoMillisecond } from './selection.ts';

/** Says of a purge whose worker cannot go on that it failed; what is known of its last batches is counted. False when it was over. */
export async function abandonPurge(
  stores: Stores,
  id: string,
  error: string,
  nowMs: number,
): Promise<boolean> {
  const { store } = stores;
  const stored = await store.read(id);
  if (stored?.record.status !== 'running') return false;
  const now = isoMillisecond(nowMs);
  const record = await withLastWord(stores, stored.record, error);
  await store.save({ ...record, status: 'failed', dateUpdated: now, dateEnded: now }, stored.version);
  return true;
}
