import { describeError, type Log } from '../log.ts';
import type { SliceResult } from './endings.ts';
import type { PolicyRun } from './policies.ts';
import type { PurgeStatus } from './record.ts';

/**
 * One line for each slice, with what it added, and one for the end: what alarms and the dashboard read. One that
 * only found that it is another purge's turn has nothing to say.
 */
export function reportSlice(log: Log, purge: string, slice: number, result: SliceResult): SliceResult {
  const { status, added, hasEnded, awaitsTurn } = result;
  if (awaitsTurn) return result;
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

/** A slice that threw is tried again. What it threw stands nowhere else. */
export function reportFailedSlice(log: Log, purge: string, slice: number, error: unknown): void {
  log('ERROR', 'unexpected error', { purge, slice, ...describeError(error) });
}

export function reportEnd(log: Log, purge: string, outcome: PurgeStatus): void {
  const level = outcome === 'failed' ? 'ERROR' : 'INFO';
  log(level, 'purge ended', { purge, outcome }, [{ dimensions: [['outcome']], values: { purgesEnded: 1 } }]);
}

/** A policy that could not be started counts as a purge that failed: somebody has to look at it. */
export function reportPolicy(log: Log, run: PolicyRun): void {
  const { policy, purge, outcome } = run;
  const told = { policy, ...(purge ? { purge } : {}), outcome };
  if (run.outcome === 'started') log('INFO', 'policy started', told);
  else {
    log('ERROR', 'policy started', { ...told, errors: run.errors });
    reportEnd(log, purge ?? '', 'failed');
  }
}
