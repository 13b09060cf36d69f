import { type Batch, OpenAlreadyError } from '../engine/ports.ts';
import type { Session } from '../engine/session.ts';
import type { Batches } from './batches.ts';
import { isPutAway, putAway } from './settle.ts';

/**
 * Does once more what was begun and not counted, finishes what was counted and not put away, and learns what was
 * handled last. There are never more than a few batches, however large the purge is and however much failed.
 *
 * Whose worker seemed dead may be at it still. It saves neither record nor batch once they were saved and taken
 * here, and so stops; what it does until then is this purge's own work, and is counted here.
 */
export async function takeUp(session: Session, batches: Batches): Promise<void> {
  const { ports, record } = session;
  const begun: Batch[] = [];
  for await (const batch of ports.store.batches(record.id)) {
    const { seq, active, inactive, gone, outcome } = batch;
    if (seq > record.progress.settledBatch) begun.push(batch);
    else {
      if (!isPutAway(batch)) await putAway(session, await ports.store.takeBatch(record.id, seq));
      for (const sid of [...active, ...inactive, ...(outcome?.done ?? [])]) session.handled.isDone(sid);
      for (const sid of gone) session.handled.isGone(sid);
    }
  }
  const [first] = begun;
  if (!first) return;
  // They are all of one flow: with what is open, no slice goes on to another.
  if (!(await batches.mayActOn(first.flow))) {
    session.leftOpen = true;
    return;
  }
  await session.begin(begun);
  for (const { seq } of begun) {
    if (session.mayRepeat) await batches.replay(await ports.store.takeBatch(record.id, seq));
    else session.leftOpen = true;
  }
}

/**
 * At the end nothing of the batches is of use any more, but those in doubt. What another worker has opened meanwhile
 * is taken up first.
 */
export async function dropSettled(session: Session): Promise<void> {
  const { ports, record } = session;
  await session.save();
  for await (const { seq } of ports.store.batches(record.id)) {
    if (seq <= record.progress.settledBatch) await ports.store.dropBatch(record.id, seq);
    else if (!session.leftOpen) throw new OpenAlreadyError(`Batch ${seq} is somebody else's`);
  }
}
