import * as v from 'valibot';
import { purgeRequest } from '../../../lib/purge/record/record.ts';
import { purgeView } from '../../../lib/purge/record/view.ts';
import { count, lasting, many, moment } from '../format.ts';
import { type Io, paint, row, say } from '../io.ts';
import { Failed } from '../tool.ts';
import type { Selection } from './options.ts';

/** The members of a purge that the command line reads. The window replaces the ages of the request. */
export const shownPurge = v.object({
  ...v.omit(purgeView, ['requestedBy', 'policy', 'contactMatching', 'digest']).entries,
  request: v.omit(purgeRequest, ['olderThan', 'dateCreatedFrom', 'dateCreatedTo']),
});
export type Purge = v.InferOutput<typeof shownPurge>;

/** Throws a Failed when the body is not a purge. */
export function readPurge(body: unknown): Purge {
  const read = v.safeParse(shownPurge, body);
  if (!read.success) throw new Failed(['The API answered with something that is not a purge.']);
  return read.output;
}

/** Counts the executions that need no more work: deleted or ended, gone already, or failed. */
export function doneOf({ request, counts }: Purge): number {
  const done = request.action === 'end' ? counts.ended : counts.deleted;
  return done + counts.alreadyGone + counts.failed;
}

const NAMED_FAILURES = 10;

type Output = Pick<Io, 'out' | 'env'>;

/** Prints what is selected, and what the dry run has counted. */
export function printSelection(io: Output, url: string, selection: Selection, dry: Purge): void {
  const { flows, status, contact, limit, archive, olderThan } = selection;
  const { window, counts, activeMatched } = dry;
  row(io, 'API', url);
  row(io, 'Flows', flows === 'all' ? 'all' : flows.join(', '));
  row(io, 'Status', status === 'any' ? 'any; active ones are ended first' : status);
  for (const [index, one] of [contact ?? []].flat().entries()) row(io, index === 0 ? 'Contact' : '', one);
  if (window.from) row(io, 'From', moment(window.from));
  row(io, 'Before', `${moment(window.to)}${olderThan ? ` (${olderThan} ago)` : ''}`);
  if (limit !== undefined) row(io, 'Limit', count(limit));
  row(io, 'Archive', archive ? 'context and steps are stored first' : 'no: what is deleted is gone');
  const active = activeMatched ? `, ${count(activeMatched)} of them active` : '';
  const matched = paint(io, 'bold', count(counts.matched));
  row(io, 'Matched', `${matched} of ${count(counts.listed)} looked at${active}`);
  printLeft(io, dry);
}

/** Prints how many active executions an erasure of ended ones leaves. */
function printLeft(io: Output, { activeLeft, request: { contact } }: Purge): void {
  const whose = Array.isArray(contact) ? 'these contacts' : 'the contact';
  if (activeLeft)
    row(io, 'Left', `${many(activeLeft, 'active execution')} of ${whose}: --status any deletes them too`);
}

export function printEnd(io: Output, purge: Purge): void {
  const { id, status, counts, dateStarted, dateEnded, failures, error, request } = purge;
  const colour = isGood(purge) ? 'green' : 'red';
  const [number, verb] = request.dryRun
    ? [counts.matched, 'matched, none deleted,']
    : request.action === 'end'
      ? [counts.ended, 'ended']
      : [counts.deleted, 'deleted'];
  const took = lasting(Date.parse(dateEnded ?? dateStarted) - Date.parse(dateStarted));
  say(io, '', `  ${paint(io, colour, `${many(number, 'execution')} ${verb} in ${took}`)}`);
  const others = [
    [counts.archived, 'archived'],
    [verb === 'ended' ? 0 : counts.ended, 'ended first'],
    [counts.alreadyGone, 'gone already'],
    [counts.failed, 'failed'],
  ] as const;
  const some = others.filter(([one]) => one > 0).map(([one, what]) => `${count(one)} ${what}`);
  if (some.length > 0) row(io, '', some.join(', '));
  for (const { sid, reason } of failures.slice(0, NAMED_FAILURES)) row(io, 'Failed', `${sid} ${reason}`);
  const more = counts.failed - NAMED_FAILURES;
  if (more > 0) row(io, '', `and ${count(more)} more: GET /purges/${id}/failures`);
  printLeft(io, purge);
  if (error) row(io, 'Reason', error);
  row(io, 'Purge', `${id} ${paint(io, colour, status)}`);
}

export function isGood({ status, counts }: Purge): boolean {
  return status === 'succeeded' && counts.failed === 0;
}
