import { withDoubt } from './doubt.ts';
import type { PurgeStore } from './ports.ts';
import { isoMillisecond } from './selection.ts';

/** Says of a purge whose worker cannot go on that it failed; what it counted stays as it is. False when it was over. */
export async function abandonPurge(
  store: PurgeStore,
  id: string,
  error: string,
  nowMs: number,
): Promise<boolean> {
  const stored = await store.read(id);
  if (stored?.record.status !== 'running') return false;
  const { record, version } = stored;
  const now = isoMillisecond(nowMs);
  const told = await withDoubt(store, record, error);
  await store.save({ ...record, status: 'failed', error: told, dateUpdated: now, dateEnded: now }, version);
  return true;
}
