import type { Finding } from './compare.ts';

/** The trouble that the run is about, as far as it comes from outside the simulated Studio. */
export type Happened = {
  /** How often a worker was killed; `workers`: how many, since all that are busy die together. */
  kills: number;
  workers: number;
  /** Runs that took over from another one. */
  chained: number;
  /** Archive writes that were refused. */
  refused: number;
};

/**
 * From this number of executions on, nothing of it may be missing. There are thousands to archive then, in
 * batches of at most a thousand, so that a write follows the first one and meets the outage. Purges of one flow
 * wait for each other's turns, which takes more operations than a run has; and after the last kill a tenth is
 * still to be done.
 */
export const SURELY_MET = 20_000;

/** What did not happen, and without which the run proves less than it says. */
export function missed(executions: number, killsAsked: number, happened: Happened): Finding[] {
  if (executions < SURELY_MET) return [];
  const least: [what: string, atLeast: number, were: number][] = [
    ['kills that met no worker', killsAsked, happened.kills],
    ['no run was chained', 1, happened.chained],
    ['no archive write was refused', 1, happened.refused],
  ];
  return least
    .filter(([, atLeast, were]) => were < atLeast)
    .map(([what, atLeast, were]) => ({ purge: 'all', what, count: atLeast - were, example: '' }));
}
