import { describeError, type Log } from '../../telemetry/log.ts';
import type { PolicyRun } from '../order/policies.ts';
import type { PurgeStatus } from '../record/record.ts';
import type { SliceResult } from './endings.ts';

/**
 * One line for each slice, with what it added, which the dashboard reads. One that only found that it is another
 * purge's turn has nothing to say. What a worker did that died is in the record alone.
 */
export function reportSlice(log: Log, purge: string, slice: number, result: SliceResult): SliceResult {
  const { status, added, awaitsTurn } = result;
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
  return result;
}

/** A step that threw is tried again. What it threw stands nowhere else. */
export function reportFailedStep(log: Log, of: { purge?: string }, step: string, error: unknown): void {
  log('ERROR', 'unexpected error', { ...of, step, ...describeError(error) });
}

/** What alarms read. */
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
