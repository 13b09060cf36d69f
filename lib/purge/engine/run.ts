import { describeError } from '../../telemetry/log.ts';
import type { PurgeStatus } from '../record/record.ts';
import type { SliceResult } from './endings.ts';
import { MAX_OPERATIONS_A_RUN, MAX_SUPERSEDED, TURN_PAUSES_SECONDS } from './limits.ts';

/**
 * A purge, in the order of the work:
 *
 * - start.ts writes the record (record.ts) and starts its first run; policies.ts does so for the schedule.
 * - run.ts, here, is one durable run: slices, with pauses between them.
 * - slice.ts is up to a minute of work: take-up.ts does once more what a dead worker left open, sweep.ts goes
 *   through a flow, retry.ts tries again what failed, and endings.ts says what comes next. What they share for
 *   that minute is a Session (session.ts).
 * - sweep.ts lists (scan.ts), selects (selection.ts) and hands over to batches.ts, which writes a batch down,
 *   archives it (archive-batch.ts), acts on each execution (act.ts), and counts it (settle.ts).
 * - turn.ts keeps two purges from one flow. ports.ts is all that is asked of Studio and AWS, limits.ts every number.
 */

/** The durable context, as little of it as is needed; each call is one durable operation. */
export type Steps = {
  step<T>(name: string, work: () => Promise<T>): Promise<T>;
  wait(name: string, seconds: number): Promise<void>;
};

export type RunPorts = {
  slice(purge: string, number: number): Promise<SliceResult>;
  /** Starts the next run, under its own name. */
  startNext(purge: string): Promise<void>;
  /** Marks the purge failed, if it still runs, and says how it stands. */
  abandon(purge: string, error: string): Promise<PurgeStatus>;
  /** Tells of the end. */
  ended(purge: string, status: PurgeStatus): void;
};

export type RunResult = { purge: string; status: PurgeStatus | 'superseded' | 'continued' };

/**
 * One durable run of a purge: slices, and pauses between them where a slice asks for one. What decides is
 * only what the steps returned, so a replay takes the same way. Below MAX_OPERATIONS_A_RUN operations; what
 * is left then is the next run's, which finds it in the record.
 */
export async function runPurge(purge: string, steps: Steps, ports: RunPorts): Promise<RunResult> {
  const status = await goOn(purge, steps, ports).catch((error: unknown) => {
    // The step's own error only wraps what was thrown in it.
    const name = describeError(error).errors?.at(-1) ?? 'unknown';
    return steps.step('abandon', () => ports.abandon(purge, `The worker failed: ${name}`));
  });
  // In a step of its own: a worker that dies between the record's end and its checkpoint would tell nobody.
  if (status !== 'superseded' && status !== 'continued')
    await steps.step('ended', async () => ports.ended(purge, status));
  return { purge, status };
}

async function goOn(purge: string, steps: Steps, ports: RunPorts): Promise<RunResult['status']> {
  let operations = 0;
  let waited = 0;
  let superseded = 0;
  // A round is a slice and perhaps a pause; one more operation ends the run.
  for (let round = 1; operations + 3 <= MAX_OPERATIONS_A_RUN; round++) {
    const slice = await steps.step(`slice-${round}`, () => ports.slice(purge, round));
    operations += 1;
    const { status, awaitsTurn } = slice;
    waited = awaitsTurn ? waited + 1 : 0;
    superseded = status === 'superseded' ? superseded + 1 : 0;
    if (status !== 'running' && (status !== 'superseded' || superseded > MAX_SUPERSEDED)) return status;
    const pauseSeconds = Math.max(slice.pauseSeconds, turnPause(waited));
    if (pauseSeconds === 0) continue;
    await steps.wait(`pause-${round}`, pauseSeconds);
    operations += 1;
  }
  await steps.step('next-run', () => ports.startNext(purge));
  return 'continued';
}

/** A turn may be over at once, or only after many slices of others: the longer it takes, the less often it is looked for. */
function turnPause(waited: number): number {
  return TURN_PAUSES_SECONDS[Math.min(waited, TURN_PAUSES_SECONDS.length) - 1] ?? 0;
}
