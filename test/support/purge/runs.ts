import { type DurableSteps, runPurge } from '../../../lib/purge/engine/run.ts';
import type { World } from './world.ts';

/** Runs a purge to its end, and counts what AWS limits for each of its durable runs: operations, and bytes kept. */
export async function runsOf(id: string, { clock }: World, slice: World['slice']) {
  const runs: { operations: number; bytes: number }[] = [];
  let status = 'continued';
  while (status === 'continued') {
    const run = { operations: 0, bytes: 0 };
    runs.push(run);
    const steps: DurableSteps = {
      async step(_name, work) {
        run.operations += 1;
        const result = await work();
        run.bytes += JSON.stringify(result ?? null).length;
        return result;
      },
      async wait(_name, seconds) {
        run.operations += 1;
        clock.nowMs += seconds * 1_000;
      },
    };
    const startNext = async () => undefined;
    const abandon = async (_purge: string, error: string) => Promise.reject(new Error(error));
    ({ status } = await runPurge(id, steps, { slice, startNext, abandon, ended: () => undefined }));
  }
  const most = (of: 'operations' | 'bytes') => Math.max(...runs.map((run) => run[of]));
  return { status, runs, mostOperations: most('operations'), mostBytes: most('bytes') };
}
