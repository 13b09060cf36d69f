import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { bundle } from '../../infra/build.ts';
import { startTable } from '../../infra/local/aws/dynamodb.ts';
import { startSecrets } from '../../infra/local/aws/secrets-manager.ts';
import { localSecret, SIMULATED_ACCOUNT } from '../../infra/local/caller-tokens.ts';
import { functionSpecs } from '../../infra/local/host/function-specs.ts';
import type { Behaviour } from '../../infra/simulator/faults/behaviour.ts';
import { startSimulatedStudio } from '../../infra/simulator/server.ts';
import { startFleet } from './once/fleet.ts';
import { planKeys } from './once/plan.ts';
import { send, type Told } from './once/sender.ts';
import { FLOW_SID, print, type Row } from './support/harness.ts';

/**
 * Delivers keys again and again, partly at once, to the built bundle, while answers get lost, Studio fails,
 * and handlers are killed; then counts executions. `--keys 1000 --seed 1`; the real clock, about three minutes.
 */

const NAME = 'studio-executions';
/** A flow that is over before its webhook is repeated: Studio's own conflict does not help then. */
const RUNS_FOR_MS = 500;
const SHARE = 0.1;
const creates: Behaviour['faults'][number]['operations'] = ['CreateExecution'];

export async function run(argv: string[]): Promise<void> {
  const { values } = parseArgs({
    args: argv,
    options: { keys: { type: 'string' }, seed: { type: 'string' }, json: { type: 'boolean' } },
  });
  const keys = Number(values.keys ?? 1_000);
  const seed = Number(values.seed ?? 1 + Math.floor(Math.random() * 1_000_000));

  await using stack = new AsyncDisposableStack();
  const bundlesDirectory = await mkdtemp(join(tmpdir(), 'once-'));
  stack.defer(() => rm(bundlesDirectory, { recursive: true }));
  const source = fileURLToPath(new URL('../../functions/trigger.ts', import.meta.url));
  await bundle([{ in: source, out: 'trigger/index' }], bundlesDirectory);
  const studio = await startSimulatedStudio({
    seed,
    behaviour: {
      latencyMs: 10,
      latencyJitterMs: 20,
      endAfterMs: RUNS_FOR_MS,
      faults: [
        { kind: 'cut', work: 'done', probability: SHARE / 2, operations: creates },
        { kind: 'error', work: 'done', probability: SHARE / 2, operations: creates },
        { kind: 'cut', probability: SHARE / 3, operations: creates },
        { kind: 'error', probability: SHARE / 3, operations: creates },
        { kind: 'throttle', probability: SHARE / 3, operations: creates },
        { kind: 'error', probability: SHARE, operations: ['ListExecution', 'FetchExecutionContext'] },
      ],
    },
  });
  stack.defer(studio.close);
  const secrets = await startSecrets({ secrets: { [NAME]: localSecret(SIMULATED_ACCOUNT) } });
  stack.defer(secrets.close);
  const table = await startTable(NAME);
  stack.defer(table.close);

  const config = JSON.stringify({ flows: [{ alias: 'welcome', sid: FLOW_SID, from: '+15017122661' }] });
  const resources = { secretId: NAME, table: NAME, config, archiveBucket: '', cleanupFunction: '' };
  const shared = {
    STUDIO_BASE_URL: studio.url,
    AWS_ENDPOINT_URL_SECRETS_MANAGER: secrets.url,
    AWS_ENDPOINT_URL_DYNAMODB: table.url,
  };
  const specs = functionSpecs({ bundlesDirectory, resources, shared: () => shared });
  const spec = specs.find(({ name }) => name === 'trigger');
  if (!spec) throw new Error('there is no trigger function');
  const fleet = await startFleet(spec);
  stack.defer(fleet.close);
  const lost = { answers: 0, faults: 0 };
  studio.watch(({ operation, status, fault, requestBody }) => {
    if (operation !== 'CreateExecution') return;
    fleet.created(new URLSearchParams(requestBody).get('To') ?? '');
    if (fault !== null) lost[status === null || status >= 500 ? 'answers' : 'faults']++;
  });

  const startMs = Date.now();
  const path = '/flows/welcome/executions';
  const told = await Promise.all(planKeys(keys, seed).map((plan) => send(fleet, path, plan, startMs)));
  const seconds = (Date.now() - startMs) / 1_000;

  const perContact = new Map<string, number>();
  for (const { to } of studio.store.list({})) perContact.set(to, (perContact.get(to) ?? 0) + 1);
  const counts = [...perContact.values()];
  const twice = counts.filter((count) => count > 1).length;
  const executions = counts.reduce((sum, count) => sum + count, 0);
  const rows: Row[] = [
    { what: 'keys', count: keys },
    { what: 'executions', count: executions },
    { what: 'keys with two executions or more', count: twice },
    { what: 'keys without an execution', count: keys - counts.length },
    { what: 'keys whose callers were told of different executions', count: told.filter(disagrees).length },
    { what: 'creates that failed or lost their answer', count: lost.answers + lost.faults },
    ...answersOf(told),
    { what: 'seconds', count: Math.round(seconds) },
  ];
  print(`Exactly once (seed ${seed})`, rows, argv);
  if (twice > 0 || executions !== keys || told.some(disagrees)) process.exitCode = 1;
}

function disagrees({ sids }: Told): boolean {
  return sids.size > 1;
}

function answersOf(told: readonly Told[]): Row[] {
  // The one that is asked after, also when there is none.
  const counts = new Map([['outcome-unknown', 0]]);
  for (const answer of told.flatMap(({ answers }) => answers))
    counts.set(answer, (counts.get(answer) ?? 0) + 1);
  const deliveries = [...counts.values()].reduce((sum, count) => sum + count, 0);
  const byCount = [...counts].sort(([, a], [, b]) => b - a);
  return [
    { what: 'deliveries', count: deliveries },
    ...byCount.map(([answer, count]) => ({ what: `  answered: ${answer}`, count })),
  ];
}
