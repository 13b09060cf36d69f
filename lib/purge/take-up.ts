import type { Batches } from './batches.ts';
import type { Batch } from './ports.ts';
import type { Session } from './session.ts';
import { isPutAway, putAway } from './settle.ts';

/**
 * Does once more what was begun and not counted, finishes what was counted and not put away, and learns what was
 * handled last. There are never more than a few batches, however large the purge is and however much failed.
 */
export async function takeUp(session: Session, batches: Batches): Promise<void> {
  const begun: Batch[] = [];
  for await (const batch of session.ports.store.batches(session.record.id)) {
    const { seq, active, inactive, outcome } = batch;
    if (seq > session.record.progress.settledBatch) begun.push(batch);
    else {
      if (!isPutAway(batch)) await putAway(session, batch);
      for (const sid of [...active, ...inactive, ...(outcome?.done ?? [])]) session.handled.isDone(sid);
    }
  }
  if (begun.length === 0) return;
  // Says that somebody is at it; and what a dead worker may have sent last comes too late then.
  await session.save();
  for (const batch of begun) {
    if (session.mayRepeat) await batches.replay(batch);
    else session.leftOpen = true;
  }
}

/** At the end nothing of the batches is of use any more, but those in doubt. */
export async function dropSettled(session: Session): Promise<void> {
  const { ports, record } = session;
  for await (const { seq } of ports.store.batches(record.id))
    if (seq <= record.progress.settledBatch) await ports.store.dropBatch(record.id, seq);
}
