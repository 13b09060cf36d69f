import { describeError } from '../../telemetry/log.ts';
import type { PurgeStatus } from '../record/record.ts';
import type { SliceResult } from './conclude.ts';
import { LOCK_WAITS_SECONDS, MAX_OPERATIONS_A_RUN, MAX_SUPERSEDED } from './limits.ts';

/** What a run needs of the durable context. Each call is one durable operation. */
export type DurableSteps = {
  step<T>(name: string, work: () => Promise<T>): Promise<T>;
  wait(name: string, seconds: number): Promise<void>;
};

export type RunPorts = {
  slice(purge: string, number: number): Promise<SliceResult>;
  startNext(purge: string): Promise<void>;
  /** See abandonPurge. */
  abandon(purge: string, error: string): Promise<PurgeStatus>;
  /** Reports the end. */
  ended(purge: string, status: PurgeStatus): void;
};

export type RunResult = { purge: string; status: PurgeStatus | 'superseded' | 'continued' };

/**
 * Runs one durable run of a purge: slices, and the pauses that they ask for. Decides only by what the steps
 * returned, so that a replay takes the same way. After MAX_OPERATIONS_A_RUN operations, the next run
 * continues.
 */
export async function runPurge(purge: string, steps: DurableSteps, ports: RunPorts): Promise<RunResult> {
  const status = await continueRun(purge, steps, ports).catch((error: unknown) => {
    // The durable SDK wraps what was thrown in the step.
    const name = describeError(error).errors?.at(-1) ?? 'unknown';
    return steps.step('abandon', () => ports.abandon(purge, `The worker failed: ${name}`));
  });
  // A step of its own, because a worker may crash between the end of the purge and the checkpoint of its
  // slice.
  if (status !== 'superseded' && status !== 'continued')
    await steps.step('ended', async () => ports.ended(purge, status));
  return { purge, status };
}

async function continueRun(
  purge: string,
  steps: DurableSteps,
  ports: RunPorts,
): Promise<RunResult['status']> {
  let operations = 0;
  let waited = 0;
  let superseded = 0;
  // A round takes two operations at most, and starting the next run one.
  for (let round = 1; operations + 3 <= MAX_OPERATIONS_A_RUN; round++) {
    const slice = await steps.step(`slice-${round}`, () => ports.slice(purge, round));
    operations += 1;
    const { status, awaitsLock } = slice;
    waited = awaitsLock ? waited + 1 : 0;
    superseded = status === 'superseded' ? superseded + 1 : 0;
    if (status !== 'running' && (status !== 'superseded' || superseded > MAX_SUPERSEDED)) return status;
    const pauseSeconds = Math.max(slice.pauseSeconds, lockWaitSeconds(waited));
    if (pauseSeconds === 0) continue;
    await steps.wait(`pause-${round}`, pauseSeconds);
    operations += 1;
  }
  await steps.step('next-run', () => ports.startNext(purge));
  return 'continued';
}

function lockWaitSeconds(waited: number): number {
  return LOCK_WAITS_SECONDS[Math.min(waited, LOCK_WAITS_SECONDS.length) - 1] ?? 0;
}
