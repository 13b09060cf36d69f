import { createHash } from 'node:crypto';
import type { Note, Ran } from './compare.ts';
import { isStubborn } from './plan.ts';
import type { Purge } from './purges.ts';
import { type Facts, isSelected } from './selection.ts';

/**
 * The counts and digests of purges that may have selected the same executions, together; how many are wrong.
 *
 * Where another user deletes an execution, and a worker was killed before it saw the answer or the answer was
 * lost, the work can be either's: such an execution may count as done or as already gone.
 */
export function compareCounts(
  group: string,
  runs: readonly Ran[],
  { facts, killed }: { facts: Facts; killed: number },
  note: Note,
): number {
  const selected = facts.existed.filter((one) =>
    runs.some(({ plan, bounds }) => isSelected(plan, bounds, one)),
  );
  const isOfEnd = runs.every(({ plan }) => plan.action === 'end');
  const doneBy = isOfEnd ? facts.ended : facts.deleted;
  const vanished = selected.filter(({ sid }) => facts.deletedElsewhere.has(sid));
  const open = vanished.map(({ sid }) => sid);
  const openActive = vanished.filter(({ active }) => active).length;
  const done = selected
    .filter(({ sid }) => doneBy.has(sid) && !facts.deletedElsewhere.has(sid))
    .map(({ sid }) => sid);
  const total = (count: keyof Purge['counts']) =>
    runs.reduce((sum, { record }) => sum + record.counts[count], 0);

  const more = total(isOfEnd ? 'ended' : 'deleted') - done.length;
  const wrong = note(
    group,
    isOfEnd ? 'ended: more than were' : 'deleted: more than were',
    outside(more, 0, open.length),
  );
  let wrongEnds = 0;
  if (!isOfEnd) {
    const ended = selected.filter(({ sid }) => facts.ended.has(sid)).length;
    const elsewhere = selected.filter(({ sid }) => facts.endedElsewhere.has(sid)).length;
    // Studio says that these have ended when they are to be ended, and are active when they are to be deleted.
    // An end of them whose answer was lost is in no purge's count.
    const doubted = selected.filter(
      ({ sid, active }) => active && isStubborn(sid) && facts.ended.has(sid) && !facts.deleted.has(sid),
    ).length;
    // If an answer was lost and the execution ended by itself in between, the end can be either's.
    const moreEnds = outside(total('ended') - ended, -openActive - doubted, elsewhere + openActive);
    wrongEnds = note(group, 'ended: more than were', moreEnds);
  }

  const claimed = runs.reduce((sum, { record }) => sum + BigInt(`0x${record.digest.value}`), 0n);
  const rest = (claimed - sumOfDigests(done) + BigInt(runs.length) * MODULUS) % MODULUS;
  const claimedOpen = thoseWith(rest, open);
  if (!claimedOpen) note(group, 'another digest than that of what was done', suspectsOf(rest, selected));
  // A batch that a killed worker left is done once more as a whole: what is gone by then counts as done.
  if (killed === 0)
    note(group, 'gone already, and claimed', claimedOpen?.filter((sid) => facts.metGone.has(sid)) ?? []);

  const isWhole = runs.length === 1 && runs[0]?.record.status !== 'stopped';
  if (isWhole)
    note(group, 'matched: more than selected', outside(total('matched') - selected.length, -open.length, 0));
  return wrong + wrongEnds;
}

/** By how much a number lies outside of this range; 0 within. */
function outside(value: number, least: number, most: number): number {
  return value < least ? value - least : Math.max(0, value - most);
}

const MODULUS = 1n << 256n;

function digestOf(sid: string): bigint {
  return BigInt(`0x${createHash('sha256').update(sid).digest('hex')}`);
}

function sumOfDigests(sids: readonly string[]): bigint {
  return sids.reduce((sum, sid) => (sum + digestOf(sid)) % MODULUS, 0n);
}

/** The execution that was claimed once too often, or once too few, if it is a single one. */
function suspectsOf(rest: bigint, selected: Facts['existed']): string[] {
  const sids = selected.map(({ sid }) => sid);
  const more = sids.filter((sid) => digestOf(sid) === rest).map((sid) => `${sid} claimed once too often`);
  const fewer = sids.filter((sid) => MODULUS - digestOf(sid) === rest).map((sid) => `${sid} not claimed`);
  return [...more, ...fewer, 'more than one execution'].slice(0, 1);
}

/** Those of these whose digests come to this sum. */
function thoseWith(sum: bigint, sids: readonly string[]): string[] | undefined {
  if (sum === 0n) return [];
  const [first, ...others] = sids;
  if (first === undefined) return undefined;
  const without = thoseWith(sum, others);
  if (without) return without;
  const withFirst = thoseWith((sum - digestOf(first) + MODULUS) % MODULUS, others);
  return withFirst && [first, ...withFirst];
}
