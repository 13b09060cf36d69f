import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { bundle } from '../../infra/build.ts';
import { SIMULATED_ACCOUNT } from '../../infra/local/caller-tokens.ts';
import { type Local, startLocal } from '../../infra/local/local.ts';
import { checkConfig } from '../../lib/config/configuration.ts';
import { readArchive } from './chaos/archived.ts';
import { chainOf, lowerCap } from './chaos/chain.ts';
import { compare, type Ran, type Verdict } from './chaos/compare.ts';
import { type Happened, missed } from './chaos/happened.ts';
import {
  BEHAVIOUR,
  CONFIG,
  type Course,
  courseOf,
  DRY_RUN,
  FLOWS,
  isStubborn,
  KILLS,
  type PlannedPurge,
  PURGES,
  seedRequests,
} from './chaos/plan.ts';
import type { Existing, Truth } from './chaos/protocol.ts';
import { CALLERS, createApi, type Purge } from './chaos/purges.ts';
import { type Bounds, boundsOf, factsOf, isSelected } from './chaos/selection.ts';
import { breakNowAndThen } from './chaos/studio/outage.ts';
import { type StudioProcess, startStudio } from './chaos/studio/studio.ts';
import { print, type Row } from './support/harness.ts';

/**
 * Purges executions of mixed age and status through everything that is deployed, while Studio fails, cuts
 * connections, throttles, changes how it pages, and workers are killed; then holds the purges' records against
 * what Studio knows to have happened. `--executions 100000 --seed 1 --kills 3`; exit code 1 if anything is wrong,
 * or if a large run was spared of what it is about.
 */

const EXECUTIONS = 100_000;
/** What still runs then is a finding. */
const MAX_MS = 20 * 60_000;
/** No worker may be busy at the very moment that one is to be killed. */
const KILL_POLL_MS = 20;
const KILL_PATIENCE_MS = 30_000;
const FUNCTIONS = ['purge', 'cleanup'];
const MAX_FINDINGS_TOLD = 40;

export async function run(argv: string[]): Promise<void> {
  const { values } = parseArgs({
    args: argv,
    options: {
      executions: { type: 'string' },
      seed: { type: 'string' },
      kills: { type: 'string' },
      json: { type: 'boolean' },
      verbose: { type: 'boolean' },
    },
  });
  const executions = Number(values.executions ?? EXECUTIONS);
  const seed = Number(values.seed ?? 1 + Math.floor(Math.random() * 1_000_000));
  console.error(`npm run bench -- chaos --executions ${executions} --seed ${seed}`);

  await using stack = new AsyncDisposableStack();
  const bundlesDirectory = await mkdtemp(join(tmpdir(), 'chaos-'));
  stack.defer(() => rm(bundlesDirectory, { recursive: true }));
  await bundle(FUNCTIONS.map(entryPoint), bundlesDirectory);
  await lowerCap(bundlesDirectory);
  const startMs = Date.now();
  const studio = await startStudio({
    seed,
    behaviour: BEHAVIOUR,
    flows: Object.values(FLOWS).map((sid) => ({ sid })),
    seeds: seedRequests(executions, startMs),
  });
  stack.defer(studio.stop);
  const local = await startLocal({
    config: checkConfig(CONFIG),
    studio: { account: SIMULATED_ACCOUNT, baseUrl: studio.url },
    bundlesDirectory,
    secret: { callers: CALLERS },
    ...(values.verbose ? { onLog: ({ line }) => console.error(line) } : {}),
  });
  stack.defer(local.close);
  if (!local.s3 || !local.lambda) throw new Error('S3 and Lambda are stand-ins of this run');
  const archive = breakNowAndThen(local.s3.store);

  const { executions: existed } = await studio.ask({ kind: 'snapshot' }, 'snapshot');
  const course = courseOf(seed, Number(values.kills ?? KILLS));
  const killed = await setCourse(studio, local, existed, course, startMs);
  const runs = await purgeAll(local, startMs);
  const seconds = (Date.now() - startMs) / 1_000;
  const truth = await studio.ask({ kind: 'truth' }, 'truth');

  const facts = factsOf(existed, truth);
  // What a purge was not told to be stored counts for nothing.
  const objects = local.s3.store
    .list(local.resources.archiveBucket)
    .filter(({ key }) => !archive.unconfirmed.has(key));
  const archived = readArchive(objects, existed);
  const { chained, failed: failedRuns } = chainOf(local.lambda.executions.list());
  const happened: Happened = { ...killed(), chained, refused: archive.refused() };
  const verdict = compare(runs, { facts, archived, killed: happened.workers, failedRuns });
  verdict.findings.push(...missed(executions, course.kills.length, happened));
  const title = `Chaos (${existed.length} executions, seed ${seed})`;
  print(
    `${title}: what the purges say`,
    runs.map((one) => rowOf(one, existed)),
    argv,
  );
  print(`${title}: what happened`, totals(verdict, truth, { ...happened, seconds }), argv);
  if (verdict.findings.length > 0) {
    print('What is wrong', verdict.findings.slice(0, MAX_FINDINGS_TOLD), argv);
    process.exitCode = 1;
  }
}

function entryPoint(name: string) {
  const source = fileURLToPath(new URL(`../../functions/${name}.ts`, import.meta.url));
  return { in: source, out: `${name}/index` };
}

/** Says when Studio changes and workers die; tells afterwards how often and how many did. */
async function setCourse(
  studio: StudioProcess,
  local: Local,
  existed: readonly Existing[],
  course: Course,
  startMs: number,
): Promise<() => Pick<Happened, 'kills' | 'workers'>> {
  const chosen = existed.filter((one) =>
    PURGES.some((plan) => isSelected(plan, boundsOf(plan, startMs), one)),
  );
  // Each is deleted or ended, and an active one mostly both.
  const work = chosen.length + chosen.filter(({ active }) => active).length;
  const at = (share: number) => Math.max(1, Math.floor(share * work));
  const killed = { kills: 0, workers: 0 };
  studio.onKill(async () => {
    const workers = await killWorkers(local);
    if (workers > 0) killed.kills++;
    killed.workers += workers;
  });
  const mixed = chosen.filter((one) => isSelected(DRY_RUN, boundsOf(DRY_RUN, startMs), one));
  await studio.ask(
    {
      kind: 'course',
      turns: course.turns.map((turn) => ({ ...turn, at: at(turn.at) })),
      kills: course.kills.map(at),
      endsElsewhereEvery: course.endsElsewhereEvery,
      mayEnd: mixed.filter(({ active }) => active).map(({ sid }) => sid),
      vanishesEvery: Math.ceil(work / course.vanish),
      mayVanish: chosen.map(({ sid }) => sid).filter((sid) => !isStubborn(sid)),
      arrivesEvery: course.arrivesEvery,
      arrivals: course.arrivals,
    },
    'set',
  );
  return () => killed;
}

async function killWorkers(local: Local): Promise<number> {
  const untilMs = Date.now() + KILL_PATIENCE_MS;
  for (;;) {
    const count = local.functions.kill('cleanup');
    if (count > 0 || Date.now() > untilMs) return count;
    await sleep(KILL_POLL_MS);
  }
}

/** The dry run first, while nothing changes; then all of them at once. */
async function purgeAll(local: Local, startMs: number): Promise<Ran[]> {
  const api = createApi(local.url);
  const signal = AbortSignal.timeout(MAX_MS);
  const ran = async (plan: PlannedPurge, started: Promise<string>): Promise<Ran> => {
    const id = await started;
    if (plan.stopped) await api.stop(id, signal);
    const record = await api.ended(id, signal);
    return { plan, bounds: boundsOfRecord(plan, record, startMs), record };
  };
  const started = (plan: PlannedPurge): Promise<string> =>
    plan.policy === undefined
      ? api.start(plan, boundsOf(plan, startMs))
      : local.fireSchedule().then(() => api.ofPolicy(plan.policy ?? '', signal));
  const dry = await ran(DRY_RUN, started(DRY_RUN));
  return [dry, ...(await Promise.all(PURGES.map((plan) => ran(plan, started(plan)))))];
}

/** An age is resolved when the purge starts; a little later than its plan says. */
function boundsOfRecord(plan: PlannedPurge, { window }: Purge, startMs: number): Bounds {
  const planned = boundsOf(plan, startMs);
  if (plan.policy === undefined || planned.to === null) return planned;
  const lateMs = Date.parse(window.to) - Date.parse(planned.to);
  return lateMs >= 0 && lateMs < MAX_MS ? { ...planned, to: window.to } : planned;
}

function rowOf({ plan, bounds, record: { status, counts } }: Ran, existed: readonly Existing[]): Row {
  const selected = existed.filter((one) => isSelected(plan, bounds, one)).length;
  const { alreadyGone, ...others } = counts;
  return { purge: plan.name, selected, ...others, 'already gone': alreadyGone, status };
}

function totals(verdict: Verdict, truth: Truth, told: Happened & { seconds: number }): Row[] {
  const rows: [string, number][] = [
    ['left behind', verdict.leftBehind],
    ['wrongly touched', verdict.wronglyTouched],
    ['double-counted', verdict.doubleCounted],
    ['active ones deleted', verdict.deletedWhileActive],
    ['other findings', verdict.findings.length],
    ['deleted', truth.deleted.length],
    ['ended', truth.ended.length],
    ['ended by themselves', truth.endedElsewhere.length],
    ['deleted by others', truth.deletedElsewhere.length],
    ['arrived meanwhile', truth.arrived],
    ['page tokens expired', truth.expiredTokens],
    ['kills', told.kills],
    ['workers killed', told.workers],
    ['runs chained', told.chained],
    ['archive writes refused', told.refused],
    ['requests', truth.requests],
    ['throttled %', (100 * truth.throttled) / truth.requests],
    ['seconds', Math.round(told.seconds)],
  ];
  return rows.map(([what, count]) => ({ what, count }));
}
