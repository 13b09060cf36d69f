import { describeError, type Log } from '../../telemetry/log.ts';
import type { PolicyRun } from '../order/policies.ts';
import type { PurgeStatus } from '../record/record.ts';
import type { SliceResult } from './conclude.ts';

/**
 * Logs what a slice has added, and the metrics that the dashboard reads. A slice that only waited for a lock
 * logs nothing. What a crashed worker has done is in the record alone.
 */
export function reportSlice(log: Log, purge: string, slice: number, result: SliceResult): SliceResult {
  const { status, added, awaitsLock } = result;
  if (awaitsLock) return result;
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

/** Logs what a step has thrown, which is repeated then. */
export function reportFailedStep(log: Log, of: { purge?: string }, step: string, error: unknown): void {
  log('ERROR', 'unexpected error', { ...of, step, ...describeError(error) });
}

/** Logs the end of a purge, and the metric that alarms read. */
export function reportEnd(log: Log, purge: string, outcome: PurgeStatus): void {
  const level = outcome === 'failed' ? 'ERROR' : 'INFO';
  log(level, 'purge ended', { purge, outcome }, [{ dimensions: [['outcome']], values: { purgesEnded: 1 } }]);
}

/** Logs the start of a policy's purge. One that could not be started counts as a failed purge. */
export function reportPolicy(log: Log, run: PolicyRun): void {
  const { policy, purge, outcome } = run;
  const told = { policy, ...(purge ? { purge } : {}), outcome };
  if (run.outcome === 'started') log('INFO', 'policy started', told);
  else {
    log('ERROR', 'policy started', { ...told, errors: run.errors });
    reportEnd(log, purge ?? '', 'failed');
  }
}
