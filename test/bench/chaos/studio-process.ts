import { startSimulatedStudio } from '../../../infra/local/studio/server.ts';
import type { FromStudio, Seeded, ToStudio } from './protocol.ts';

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

const deleted: string[] = [];
const ended: string[] = [];
const endedElsewhere: string[] = [];
/** Active ones that may end by themselves. */
let mayEnd: string[] = [];
let turns: { at: number; act: () => void }[] = [];
let everyTouched = Number.POSITIVE_INFINITY;
let isOurs = true;

const { executions } = store;
const erase = executions.delete.bind(executions);
const end = executions.end.bind(executions);
executions.delete = (row) => {
  erase(row);
  deleted.push(executions.sidOf(row));
  touched();
};
executions.end = (row, atMs) => {
  end(row, atMs);
  (isOurs ? ended : endedElsewhere).push(executions.sidOf(row));
  if (isOurs) touched();
};

function touched(): void {
  const count = deleted.length + ended.length;
  while (turns[0] && turns[0].at <= count) turns.shift()?.act();
  if (count % everyTouched === 0) endOneElsewhere();
}

function endOneElsewhere(): void {
  isOurs = false;
  for (let sid = mayEnd.pop(); sid !== undefined; sid = mayEnd.pop()) if (store.end(sid)) break;
  isOurs = true;
}

process.on('message', (message: ToStudio) => {
  switch (message.kind) {
    case 'snapshot':
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
        deletedWhileActive: store.deletedWhileActive,
        requests: studio.statistics().requests,
        throttled: studio.statistics().throttled,
      });
  }
});
tell({ kind: 'ready', url: studio.url });
