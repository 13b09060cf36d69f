import type { FailedItem, HeldBatch } from '../engine/ports.ts';
import type { Session } from '../engine/session.ts';
import { secondOf } from '../record/failure-mark.ts';
import { archiveKey, type Collected, collect } from './archive.ts';
import type { NewItem } from './batches.ts';
import type { Put } from './packer.ts';
import { roundOf } from './settle.ts';

/**
 * Archives the batch's executions and removes from the batch those that are not stored.
 *
 * `part`: some were left out for lack of time and will be listed or retried again. `nothing`: an object could
 * not be stored, and no execution of the batch may be acted on. The batch is saved as archived before any
 * action; the save fails if another worker has taken the batch, so only archived executions are acted on.
 */
export async function archiveBatch(
  session: Session,
  batch: HeldBatch,
  listed: ReadonlyMap<string, NewItem>,
): Promise<'all' | 'part' | 'nothing'> {
  const { ports, record, time } = session;
  const flow = record.flows[batch.flow];
  if (!flow || !ports.archive) throw new Error('There is no archive to write to');
  const sids = [...batch.active, ...batch.inactive];
  const items = sids.map((sid) => ({ sid, execution: listed.get(sid)?.execution }));
  const { archive } = ports;
  const put: Put = async (body, digest) => {
    await session.confirm();
    const key = archiveKey(flow.alias, record.dateStarted, record.id, batch.seq, digest);
    await archive.put(key, body, time.signal).catch((cause: unknown) => {
      throw new NotStoredError('An archive object could not be stored', { cause });
    });
  };
  const source = { ...ports, passes: session.passes };
  let collected: Collected;
  try {
    collected = await collect(source, flow.sid, items, () => session.mayFinish, put);
  } catch (error) {
    if (!(error instanceof NotStoredError)) throw error;
    const name = error.cause instanceof Error ? error.cause.name : 'unknown';
    session.trouble ??= { reason: `the archive could not be written: ${name}`, refused: false };
    return 'nothing';
  }
  const { archived, gone, failed } = collected;
  for (const { sid, ...failing } of failed) session.hasFailed(sid, failing);
  for (const sid of gone) session.handled.isGone(sid);
  const read = new Set([...archived, ...gone, ...failed.map(({ sid }) => sid)]);
  const leftOut = sids.filter((sid) => !read.has(sid));
  const isActive = new Set(batch.active);
  const failedBefore = new Map(batch.retryOf?.failed.map((item) => [item.sid, item]));
  batch.failed = [
    // An older version wrote here what waits for its turn.
    ...batch.failed,
    ...failed.map(
      ({ sid, reason, transient }): FailedItem => ({
        sid,
        reason,
        transient,
        created: failedBefore.get(sid)?.created ?? secondOf(listed.get(sid)?.created),
        active: isActive.has(sid),
        archived: false,
        unclear: 'nothing',
        round: roundOf(session, batch),
      }),
    ),
    // A retry that there was no time for leaves the failure as it was.
    ...leftOut.flatMap((sid) => failedBefore.get(sid) ?? []),
  ];
  batch.active = archived.filter((sid) => isActive.has(sid));
  batch.inactive = archived.filter((sid) => !isActive.has(sid));
  batch.gone = gone;
  batch.archived = true;
  batch.newlyArchived = archived.length;
  await ports.store.saveBatch(record.id, batch);
  return leftOut.length === 0 ? 'all' : 'part';
}

/** Wraps the archive's error as its `cause`. */
class NotStoredError extends Error {
  override readonly name = 'NotStoredError';
}
