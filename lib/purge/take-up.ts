import type { Batches } from './batches.ts';
import type { Batch } from './ports.ts';
import type { Session } from './session.ts';
import { putAway } from './settle.ts';

/**
 * Does once more what was begun and not counted, and finishes what was counted and not put away. There are
 * never more batches than were open at one time, however large the purge is and however much failed.
 */
export async function takeUp(session: Session, batches: Batches): Promise<void> {
  const begun: Batch[] = [];
  for await (const batch of session.ports.store.batches(session.record.id)) {
    if (batch.seq > session.record.progress.settledBatch) begun.push(batch);
    else await putAway(session, batch);
  }
  if (begun.length === 0) return;
  // Says that somebody is at it; and what a dead worker may have sent last comes too late then.
  await session.save();
  for (const batch of begun) {
    if (session.mayRepeat) await batches.replay(batch);
    else session.leftOpen = true;
  }
}

/** Executions of which it is not known whether they were ended or deleted: their batches are open still. */
export async function inDoubt(session: Session): Promise<number> {
  const { ports, record } = session;
  let count = 0;
  // What is not in the archive yet was not touched.
  for await (const { seq, archived, active, inactive } of ports.store.batches(record.id))
    if (seq > record.progress.settledBatch && (archived || !record.request.archive))
      count += active.length + inactive.length;
  return count;
}
