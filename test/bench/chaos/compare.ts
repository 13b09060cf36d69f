import type { Archived } from './archived.ts';
import { compareCounts } from './counts.ts';
import { CONTACT, type PlannedPurge } from './plan.ts';
import type { Existing } from './protocol.ts';
import type { Purge } from './purges.ts';
import { type Bounds, type Facts, isDone, isSelected, mayBeSelected } from './selection.ts';

/** One purge that has run: what it was to do, and what its record says. */
export type Ran = { plan: PlannedPurge; bounds: Bounds; record: Purge };

/** Something that is not as it must be, with how often and an example. */
export type Finding = { purge: string; what: string; count: number; example: string };

export type Verdict = {
  leftBehind: number;
  wronglyTouched: number;
  doubleCounted: number;
  deletedWhileActive: number;
  findings: Finding[];
};

const MAX_FAILURES_NAMED = 100;

export type Evidence = { facts: Facts; archived: Archived; killed: number; failedRuns: readonly string[] };

/** Holds what the purges say against what happened. */
export function compare(runs: readonly Ran[], { facts, archived, killed, failedRuns }: Evidence): Verdict {
  const findings: Finding[] = [];
  const note = (purge: string, what: string, wrong: readonly string[] | number) => {
    const [count, example] = typeof wrong === 'number' ? [wrong, ''] : [wrong.length, wrong[0] ?? ''];
    if (count !== 0) findings.push({ purge, what, count, example });
    return Math.abs(count);
  };

  let leftBehind = 0;
  let doubleCounted = 0;
  for (const run of runs.filter(({ plan }) => plan.dryRun)) compareDryRun(run, facts, note);
  const changes = runs.filter(({ plan }) => !plan.dryRun);
  for (const run of changes) leftBehind += compareOne(run, facts, note);
  for (const group of new Set(changes.map(({ plan }) => plan.group)))
    doubleCounted += compareCounts(
      group,
      changes.filter(({ plan }) => plan.group === group),
      { facts, killed },
      note,
    );
  note('all', 'durable runs that failed', failedRuns);
  for (const { plan, record } of runs)
    if (record.text.includes(CONTACT)) note(plan.name, 'a contact in the record', 1);
  for (const run of runs.filter(({ plan }) => plan.archive)) compareArchive(run, facts, archived, note);

  const { deletable, endable } = allowed(changes, facts);
  const wronglyTouched =
    note(
      'all',
      'deleted, and not selected',
      [...facts.deleted].filter((sid) => !deletable.has(sid)),
    ) +
    note(
      'all',
      'ended, and not selected',
      [...facts.ended].filter((sid) => !endable.has(sid)),
    );
  const deletedWhileActive = note('all', 'deleted while active', facts.deletedWhileActive);
  return { leftBehind, wronglyTouched, doubleCounted, deletedWhileActive, findings };
}

export type Note = (purge: string, what: string, wrong: readonly string[] | number) => number;

/** What one purge selected is gone or named as failed, and its record is what was asked for. */
function compareOne({ plan, bounds, record }: Ran, facts: Facts, note: Note): number {
  const { name } = plan;
  const { counts, failures, status, error } = record;
  const selected = facts.existed.filter((one) => isSelected(plan, bounds, one));
  const undone = selected.filter((one) => !isDone(plan, facts, one)).map(({ sid }) => sid);
  const named = new Set(failures.map(({ sid }) => sid));

  const isStopped = plan.stopped === true && status === 'stopped';
  if (!isStopped && status !== (counts.failed > 0 ? 'failed' : 'succeeded'))
    note(name, `is ${status}: ${error}`, 1);
  const windowIs = (edge: 'from' | 'to') => bounds[edge] === null || record.window[edge] === bounds[edge];
  if (!windowIs('from') || !windowIs('to')) note(name, 'has another window', 1);

  // Only a part of very many failures is named; the rest is counted.
  const isAllNamed = counts.failed <= MAX_FAILURES_NAMED;
  const left = isStopped
    ? 0
    : isAllNamed
      ? note(
          name,
          'left behind',
          undone.filter((sid) => !named.has(sid)),
        )
      : note(name, 'left behind', Math.max(0, undone.length - counts.failed));
  const isStanding = (sid: string) =>
    !facts.deleted.has(sid) && !(plan.action === 'end' && facts.ended.has(sid));
  note(
    name,
    'named as failed, and done',
    [...named].filter((sid) => !isStanding(sid)),
  );
  // What another purge has ended meanwhile may be this one's, too.
  const most = facts.existed.filter((one) => mayBeSelected(plan, bounds, facts, one));
  const mostUndone = most.filter((one) => !isDone(plan, facts, one)).length;
  note(name, 'failed: more than stand', Math.max(0, counts.failed - mostUndone));

  const done = plan.action === 'delete' ? counts.deleted : counts.ended;
  note(name, 'matched, and in no other count', counts.matched - done - counts.alreadyGone - counts.failed);
  note(name, 'digest: more than done', record.digest.count - done);
  return left;
}

function compareDryRun({ plan, bounds, record }: Ran, facts: Facts, note: Note): void {
  const selected = facts.existed.filter((one) => isSelected(plan, bounds, one));
  const { matched, deleted, ended } = record.counts;
  if (record.status !== 'succeeded') note(plan.name, `is ${record.status}: ${record.error}`, 1);
  note(plan.name, 'matched: more than selected', matched - selected.length);
  const active = selected.filter((one) => one.active).length;
  note(plan.name, 'active: more than selected', (record.activeMatched ?? 0) - active);
  note(plan.name, 'has changed something', deleted + ended);
}

/** Checks that all that was deleted had been stored whole, and that the archive has nothing else. */
function compareArchive({ plan, bounds, record }: Ran, facts: Facts, archived: Archived, note: Note): void {
  const selected = facts.existed.filter((one) => isSelected(plan, bounds, one));
  const sids = new Set(selected.map(({ sid }) => sid));
  const deleted = selected.filter(({ sid }) => facts.deleted.has(sid)).map(({ sid }) => sid);
  const wasStored = (sid: string) => archived.whole.has(sid);
  note(
    plan.name,
    'deleted without an archive',
    deleted.filter((sid) => !wasStored(sid)),
  );
  note(plan.name, 'archived incompletely', archived.broken);
  note(
    plan.name,
    'archived, and not selected',
    [...archived.whole].filter((sid) => !sids.has(sid)),
  );
  note(plan.name, 'archived more than once', archived.repeated);
  note(plan.name, 'archived: more than lines', Math.max(0, record.counts.archived - archived.whole.size));
}

/** What may have been deleted, and ended, by any purge of the run. */
function allowed(runs: readonly Ran[], facts: Facts) {
  const pick = (may: (run: Ran, one: Existing) => boolean) =>
    new Set(facts.existed.filter((one) => runs.some((run) => may(run, one))).map(({ sid }) => sid));
  return {
    deletable: pick(
      ({ plan, bounds }, one) => plan.action === 'delete' && mayBeSelected(plan, bounds, facts, one),
    ),
    endable: pick(({ plan, bounds }, one) => one.active && isSelected(plan, bounds, one)),
  };
}
