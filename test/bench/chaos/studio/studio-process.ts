import { createRandom } from '../../../../infra/simulator/random.ts';
import { startSimulatedStudio } from '../../../../infra/simulator/server.ts';
import type { Execution } from '../../../../infra/simulator/store/execution.ts';
import type { SeedRequest } from '../../../../infra/simulator/store/seed.ts';
import { createOthers } from '../others.ts';
import type { FromStudio, Seeded, ToStudio } from '../protocol.ts';

/**
 * The simulated Studio as a process of its own, which writes down what was really done to each execution,
 * past everything that it answers, and changes its behaviour by how much of the work is done.
 */
const tell = (message: FromStudio) => void process.send?.(message);
process.once('disconnect', () => process.exit());
const { seed, behaviour, flows, seeds } = JSON.parse(process.argv[2] ?? '{}') as Seeded;

const studio = await startSimulatedStudio({ seed, behaviour, flows });
const { store } = studio;
for (const request of seeds) store.seed(request);

/**
 * Of the page tokens: these have expired when they are used. Fewer for the dry run, which goes through ten pages of
 * one second in a list or not at all: nothing that it does brings the rest nearer.
 */
const EXPIRED_SHARE = { dryRun: 0.1, purge: 0.4 };

const others = createOthers(store);
studio.watch(others.watch);
let expiredTokens = 0;
const random = createRandom(seed);
studio.watch(({ operation, status }) => {
  if (operation !== 'ListExecution') return;
  if (status === 400) expiredTokens++;
  // By chance and not by time, or on a busy machine none would hold.
  const share = firstTouchedMs === Number.POSITIVE_INFINITY ? EXPIRED_SHARE.dryRun : EXPIRED_SHARE.purge;
  studio.behave({ pageTokenLifetimeMs: random() < share ? 0 : null });
});
const deleted: string[] = [];
const ended: string[] = [];
const endedElsewhere: string[] = [];
/** Active ones that may end by themselves. */
let mayEnd: string[] = [];
let turns: { at: number; act: () => void }[] = [];
let everyTouched = Number.POSITIVE_INFINITY;
let mayVanish = new Set<string>();
let vanishesEvery = Number.POSITIVE_INFINITY;
let arrivesEvery = Number.POSITIVE_INFINITY;
let arrivals: SeedRequest[] = [];
let firstTouchedMs = Number.POSITIVE_INFINITY;
let existed = 0;
let isOurs = true;

/** Dates have whole seconds: what arrives later than this is surely younger than the purges. */
const ARRIVES_AFTER_MS = 3_000;

const erase = store.delete.bind(store);
const end = store.end.bind(store);
store.delete = (sid) => {
  const execution = store.existing(sid);
  if (!execution || !erase(sid)) return false;
  deleted.push(sid);
  touched(execution);
  return true;
};
store.end = (sid) => {
  const execution = store.existing(sid);
  if (!execution || !end(sid)) return false;
  (isOurs ? ended : endedElsewhere).push(sid);
  if (isOurs) touched(execution);
  return true;
};

function touched(execution: Execution): void {
  const count = deleted.length + ended.length;
  while (turns[0] && turns[0].at <= count) turns.shift()?.act();
  if (count % everyTouched === 0) endOneElsewhere();
  if (count % vanishesEvery === 0) others.deleteNear(execution, mayVanish);
  firstTouchedMs = Math.min(firstTouchedMs, Date.now());
  if (count % arrivesEvery === 0 && Date.now() - firstTouchedMs > ARRIVES_AFTER_MS)
    for (const request of arrivals) store.seed(arrivingNow(request));
}

function arrivingNow(request: SeedRequest): SeedRequest {
  const now = new Date().toISOString();
  return { ...request, dateCreatedFrom: now, dateCreatedTo: now };
}

function endOneElsewhere(): void {
  isOurs = false;
  for (let sid = mayEnd.pop(); sid !== undefined; sid = mayEnd.pop()) if (store.end(sid)) break;
  isOurs = true;
}

process.on('message', (message: ToStudio) => {
  switch (message.kind) {
    case 'snapshot':
      existed = store.executions.length;
      return tell({
        kind: 'snapshot',
        executions: [...store.list()].map(({ sid, flowSid, to, status, dateCreated }) => ({
          sid,
          flowSid,
          to,
          active: status === 'active',
          createdMs: Date.parse(dateCreated),
        })),
      });
    case 'course':
      mayEnd = message.mayEnd;
      everyTouched = message.endsElsewhereEvery;
      mayVanish = new Set(message.mayVanish);
      vanishesEvery = message.vanishesEvery;
      arrivesEvery = message.arrivesEvery;
      arrivals = message.arrivals;
      turns = [
        ...message.turns.map(({ at, change }) => ({ at, act: () => studio.behave(change) })),
        ...message.kills.map((at) => ({ at, act: () => tell({ kind: 'kill' }) })),
      ].sort((one, other) => one.at - other.at);
      return tell({ kind: 'set' });
    case 'truth':
      return tell({
        kind: 'truth',
        deleted,
        ended,
        endedElsewhere,
        deletedElsewhere: others.deleted,
        metGone: others.metGone(),
        expiredTokens,
        arrived: store.executions.length - existed,
        deletedWhileActive: store.deletedWhileActive,
        requests: studio.statistics().requests,
        throttled: studio.statistics().throttled,
      });
  }
});
tell({ kind: 'ready', url: studio.url });
