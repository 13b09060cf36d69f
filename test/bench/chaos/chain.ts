import { readFile, writeFile } from 'node:fs/promises';
import type { DurableExecution } from '../../../infra/local/aws/durable-execution.ts';
import { MAX_OPERATIONS_A_RUN } from '../../../lib/purge/engine/limits.ts';

/** A durable run is over after this many operations, so that a small purge is a chain of runs, too. */
const OPERATIONS_A_RUN = 7;

/** Lowers the cap in the worker's bundle: it is no setting, and the sources stay as they are. */
export async function lowerCap(bundlesDirectory: string): Promise<void> {
  const file = `${bundlesDirectory}/cleanup/index.mjs`;
  const parts = (await readFile(file, 'utf8')).split(new RegExp(`(?<==)${MAX_OPERATIONS_A_RUN}(?=[,;])`));
  if (parts.length !== 2) throw new Error('the cap of operations is not where it was in the bundle');
  await writeFile(file, parts.join(String(OPERATIONS_A_RUN)));
}

/** Runs that took over from another one, and those that Lambda gave up. */
export function chainOf(runs: readonly DurableExecution[]): { chained: number; failed: string[] } {
  return {
    chained: runs.filter(({ name }) => /-(?:[2-9]|\d{2,})$/.test(name)).length,
    failed: runs
      .filter(({ status }) => status === 'FAILED' || status === 'TIMED_OUT')
      .map(({ name, status }) => `${name} ${status}`),
  };
}
