import { isoMillisecond } from '../order/selection.ts';
import type { PurgeStatus } from '../record/record.ts';
import { type Stores, withLastWord } from './last-word.ts';

/**
 * Says of a purge whose worker cannot go on that it failed; what is known of its last batches is counted. One that
 * was over stays as it is. Returns how it stands.
 */
export async function abandonPurge(
  stores: Stores,
  id: string,
  error: string,
  nowMs: number,
): Promise<PurgeStatus> {
  const { store } = stores;
  const stored = await store.read(id);
  if (stored?.record.status !== 'running') return stored?.record.status ?? 'failed';
  const now = isoMillisecond(nowMs);
  const record = await withLastWord(stores, stored.record, error);
  await store.save({ ...record, status: 'failed', dateUpdated: now, dateEnded: now }, stored.version);
  return 'failed';
}
