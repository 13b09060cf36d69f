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
  const now = isoMillisecond(nowMs);
  await store.save(
    { ...stored.record, status: 'failed', error, dateUpdated: now, dateEnded: now },
    stored.version,
  );
  return true;
}
