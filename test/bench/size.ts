import { parseArgs } from 'node:util';
import { openLimiter } from '../support/purge/ports/limiter.ts';
import { runsOf } from '../support/purge/runs.ts';
import { syntheticUpstream } from '../support/purge/studio/synthetic.ts';
import { createClock, createWorldOf } from '../support/purge/world.ts';
import { print } from './support/harness.ts';

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
  const world = createWorldOf(upstream, clock, { limiter: openLimiter });
  const id = await world.start({ olderThan: 'P7D' });

  let longestSliceMs = 0;
  const slice = async (purge: string) => {
    const before = clock.nowMs;
    const result = await world.slice(purge);
    longestSliceMs = Math.max(longestSliceMs, clock.nowMs - before);
    return result;
  };
  const { status, runs, mostOperations, mostBytes } = await runsOf(id, world, slice);

  const { counts } = await world.record(id);
  const rows: [string, number | string][] = [
    ['status', status],
    ['deleted', counts.deleted],
    ['left behind', left()],
    ['hours, on its own clock', (clock.nowMs - startedMs) / HOUR_MS],
    ['durable runs', runs.length],
    ['operations, in all', runs.reduce((sum, { operations }) => sum + operations, 0)],
    ['operations, most in a run (of 3,000)', mostOperations],
    ['kilobytes kept, most in a run (of 100,000)', mostBytes / 1_000],
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
