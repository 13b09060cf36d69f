import type { Log } from '../log.ts';
import type { PolicyRun } from './policies.ts';
import type { PurgeStatus } from './record.ts';
import type { SliceResult } from './slice.ts';

/** One line for each slice, with what it added, and one for the end: what alarms and the dashboard read. */
export function reportSlice(log: Log, purge: string, slice: number, result: SliceResult): SliceResult {
  const { status, added, hasEnded } = result;
  log('INFO', 'purge slice', { purge, slice, outcome: status, counts: added }, [
    {
      dimensions: [[]],
      values: {
        purgeListed: added.listed,
        purgeDeleted: added.deleted,
        purgeEnded: added.ended,
        purgeFailed: added.failed,
      },
    },
  ]);
  if (hasEnded && status !== 'superseded') reportEnd(log, purge, status);
  return result;
}

export function reportEnd(log: Log, purge: string, outcome: PurgeStatus): void {
  const level = outcome === 'failed' ? 'ERROR' : 'INFO';
  log(level, 'purge ended', { purge, outcome }, [{ dimensions: [['outcome']], values: { purgesEnded: 1 } }]);
}

/** A policy that could not be started counts as a purge that failed: somebody has to look at it. */
export function reportPolicy(log: Log, { policy, purge, outcome }: PolicyRun): void {
  const isStarted = outcome === 'started';
  log(isStarted ? 'INFO' : 'ERROR', 'policy started', { policy, ...(purge ? { purge } : {}), outcome });
  if (!isStarted) reportEnd(log, purge ?? '', 'failed');
}
