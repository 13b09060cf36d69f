import { parseArgs } from 'node:util';
import { runPurge, type Steps } from '../../lib/purge/run.ts';
import { syntheticUpstream } from '../lib/purge/world/synthetic.ts';
import { createClock, createWorldOf } from '../lib/purge/world/world.ts';
import { print } from './harness.ts';

/**
 * A purge of ten million, every execution of it, through the engine as it is: the upstream, the table and the
 * clock are made up, so that days pass in minutes. Counts what AWS limits for each durable run.
 */
const EXECUTIONS = 10_000_000;
const DELETES_A_SECOND = 100;
const HOUR_MS = 3_600_000;

export async function run(argv: string[]): Promise<void> {
  const { values } = parseArgs({
    args: argv,
    options: { executions: { type: 'string' }, rate: { type: 'string' }, json: { type: 'boolean' } },
  });
  const executions = Number(values.executions ?? EXECUTIONS);
  const perSecond = Number(values.rate ?? DELETES_A_SECOND);
  const clock = createClock();
  const startedMs = clock.nowMs;
  const { upstream, lists, left } = syntheticUpstream(executions, perSecond, clock);
  const world = createWorldOf(upstream, clock);
  const id = await world.start({ olderThan: 'P7D' });

  let longestSliceMs = 0;
  const slice = async (purge: string) => {
    const before = clock.nowMs;
    const result = await world.slice(purge);
    longestSliceMs = Math.max(longestSliceMs, clock.nowMs - before);
    return result;
  };
  const runs: { operations: number; bytes: number }[] = [];
  let status = 'continued';
  while (status === 'continued') {
    const counted = { operations: 0, bytes: 0 };
    runs.push(counted);
    const steps: Steps = {
      async step(_name, work) {
        counted.operations += 1;
        const result = await work();
        counted.bytes += JSON.stringify(result ?? null).length;
        return result;
      },
      async wait(_name, seconds) {
        counted.operations += 1;
        clock.nowMs += seconds * 1_000;
      },
    };
    const startNext = async () => undefined;
    const abandon = async (_purge: string, error: string) => Promise.reject(new Error(error));
    ({ status } = await runPurge(id, steps, { slice, startNext, abandon, ended: () => undefined }));
  }

  const { counts } = await world.record(id);
  const sum = (of: 'operations' | 'bytes') => runs.reduce((total, one) => total + one[of], 0);
  const rows: [string, number | string][] = [
    ['status', status],
    ['deleted', counts.deleted],
    ['left behind', left()],
    ['hours, on its own clock', (clock.nowMs - startedMs) / HOUR_MS],
    ['durable runs', runs.length],
    ['operations, in all', sum('operations')],
    ['operations, most in a run (of 3,000)', Math.max(...runs.map(({ operations }) => operations))],
    ['kilobytes kept, most in a run (of 100,000)', Math.max(...runs.map(({ bytes }) => bytes)) / 1_000],
    ['longest slice, seconds', longestSliceMs / 1_000],
    ['lists', lists()],
    ['writes to the table', world.memory.writes],
    ['peak MB', process.resourceUsage().maxRSS / 1_024],
  ];
  const title = `A purge of ${executions} at ${perSecond} a second`;
  print(
    title,
    rows.map(([what, count]) => ({ what, count })),
    argv,
  );
  if (left() > 0) process.exitCode = 1;
}
