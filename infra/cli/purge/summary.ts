import { count, lasting, many, moment } from '../format.ts';
import { type Io, paint, row, say } from '../io.ts';
import type { Selection } from './options.ts';
import type { Purge } from './purge-view.ts';

/** What is said before and after a purge. */

const NAMED_FAILURES = 10;

type Voice = Pick<Io, 'out' | 'env'>;

export function printSelection(io: Voice, url: string, selection: Selection, window: Purge['window']): void {
  const { flows, status, contact, limit, archive } = selection;
  row(io, 'API', url);
  row(io, 'Flows', flows === 'all' ? 'all' : flows.join(', '));
  row(io, 'Status', status === 'any' ? 'any; active ones are ended first' : status);
  for (const [index, one] of [contact ?? []].flat().entries()) row(io, index === 0 ? 'Contact' : '', one);
  if (window?.from) row(io, 'From', moment(window.from));
  if (window)
    row(io, 'Before', `${moment(window.to)}${selection.olderThan ? ` (${selection.olderThan} ago)` : ''}`);
  if (limit !== null) row(io, 'Limit', count(limit));
  row(io, 'Archive', archive ? 'context and steps are stored first' : 'no: what is deleted is gone');
}

/** What the dry run has counted. */
export function printMatched(io: Voice, purge: Purge): void {
  const { counts, activeMatched } = purge;
  const active = activeMatched ? `, ${count(activeMatched)} of them active` : '';
  row(
    io,
    'Matched',
    `${paint(io, 'bold', count(counts.matched))} of ${count(counts.listed)} looked at${active}`,
  );
  printLeft(io, purge);
}

/** Says how many active executions stay when only the contacts' ended ones are deleted. */
function printLeft(io: Voice, { activeLeft, request: { contact } }: Purge): void {
  const whose = Array.isArray(contact) ? 'these contacts' : 'the contact';
  if (activeLeft)
    row(io, 'Left', `${many(activeLeft, 'active execution')} of ${whose}: --status any deletes them too`);
}

export function printEnd(io: Voice, purge: Purge): void {
  const { id, status, counts, dateStarted, dateEnded, failures, error, request } = purge;
  const ms = Date.parse(dateEnded ?? dateStarted) - Date.parse(dateStarted);
  const colour = isGood(purge) ? 'green' : 'red';
  const [number, verb] = request.dryRun
    ? [counts.matched, 'matched, none deleted,']
    : request.action === 'end'
      ? [counts.ended, 'ended']
      : [counts.deleted, 'deleted'];
  const others = [
    counts.archived > 0 && `${count(counts.archived)} archived`,
    counts.ended > 0 && verb !== 'ended' && `${count(counts.ended)} ended first`,
    counts.alreadyGone > 0 && `${count(counts.alreadyGone)} gone already`,
    counts.failed > 0 && `${count(counts.failed)} failed`,
  ].filter(Boolean);
  const did = `${many(number, 'execution')} ${verb} in ${lasting(ms)}`;
  say(io, '', `  ${paint(io, colour, did)}`);
  if (others.length > 0) row(io, '', others.join(', '));
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

export function printHowToWatch(
  io: Voice,
  { state, id }: { state: 'running' | 'stopping'; id: string },
  url: string | undefined,
): void {
  const does = state === 'running' ? 'The purge goes on.' : 'The purge stops within a minute.';
  say(io, '', `  ${does} To watch it again:`);
  say(io, `  npm run purge -- --watch ${id}${url ? ` --url ${url}` : ''}`);
}
