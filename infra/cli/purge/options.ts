import { parseDuration } from '../../../lib/config/duration.ts';
import { MAX_CONTACTS } from '../../../lib/http/schemas/purge.ts';
import { isPurgeId } from '../../../lib/purge/record/purge-id.ts';
import { CONTACT_RULE, isContactAddress } from '../../../lib/studio/addresses.ts';
import { type Arguments, type Options, oneOf, readArguments } from '../args.ts';

export const HELP = `
Deletes executions of flows: shows first what it would delete, then asks.

  npm run purge -- --flow welcome --older-than P7D

What
  --flow ALIAS        a flow, more than once for several, or "all"
  --older-than P7D    older than an ISO 8601 duration, or between
  --from, --to DATE   two moments, such as 2026-11-01 or 2026-11-01T12:00:00Z
  --contact ADDRESS   only this contact's, exactly as Studio reports it, more
                      than once for several; all flows unless --flow is given
  --status STATUS     ended (unless given), active (ended first) or any
  --limit N           at most so many
  --archive           context and steps are stored before each is deleted

How
  --dry-run           only show what would be deleted
  --yes               do not ask
  --watch PURGE       delete nothing, watch a purge that runs
  --url URL           the API; else STUDIO_API_URL, else http://127.0.0.1:3000
  --help

The token comes from STUDIO_API_TOKEN, or is asked for. Ctrl-C asks whether to
stop the purge; no goes on watching, and Ctrl-C once more leaves it running.
Ends with 0 when all is deleted (of a dry run: counted), 1 when something failed
or was left, 2 when asked wrongly.
`;

const MOMENT = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d))?$/;

const momentCheck = (value: string) =>
  MOMENT.test(value) && !Number.isNaN(Date.parse(value))
    ? null
    : 'must be a date, or a date and time with its zone, such as 2026-11-22T10:00:00Z';

const options = {
  flow: { type: 'string', multiple: true },
  'older-than': {
    type: 'string',
    check: (value) => (parseDuration(value) ? null : 'must be an ISO 8601 duration, such as P7D or PT12H'),
  },
  from: { type: 'string', check: momentCheck },
  to: { type: 'string', check: momentCheck },
  contact: {
    type: 'string',
    multiple: true,
    check: (value) => (isContactAddress(value) ? null : CONTACT_RULE),
  },
  status: { type: 'string', check: oneOf('ended', 'active', 'any') },
  limit: {
    type: 'string',
    check: (value) => (/^[1-9]\d{0,8}$/.test(value) ? null : 'must be a whole number from 1'),
  },
  archive: { type: 'boolean' },
  'dry-run': { type: 'boolean' },
  yes: { type: 'boolean' },
  watch: { type: 'string', check: (value) => (isPurgeId(value) ? null : 'must be the id of a purge, pu…') },
  url: { type: 'string' },
} as const satisfies Options;

type Values = Arguments<typeof options>['values'];

/** The body of POST /purges, without `dryRun`. */
export type Selection = {
  flows: 'all' | string[];
  status: string;
  olderThan: string | null;
  dateCreatedFrom: string | null;
  dateCreatedTo: string | null;
  contact: string | string[] | null;
  archive: boolean;
  limit: number | null;
};

export type PurgeOptions = { url: string | undefined } & (
  | { watch: string }
  | { watch: null; selection: Selection; then: Then }
);

/** What follows upon the dry run. */
export type Then = 'ask' | 'delete' | 'nothing';

const optionNames: Record<string, string> = {
  status: '--status',
  olderThan: '--older-than',
  dateCreatedFrom: '--from',
  dateCreatedTo: '--to',
  contact: '--contact',
  archive: '--archive',
  limit: '--limit',
};

/** How a place in the body, as a JSON Pointer, is called on the command line. */
export function optionAt(pointer: string, { flows }: Selection): string {
  const [, member = '', index] = pointer.split('/');
  if (member === 'flows') return `--flow ${(flows === 'all' ? flows : flows[Number(index)]) ?? ''}`.trim();
  return optionNames[member] ?? pointer;
}

/** Throws a UsageError with every mistake. */
export function readPurgeOptions(argv: readonly string[]): PurgeOptions {
  const { values } = readArguments(argv, options, { most: 0, also: ({ values: given }) => together(given) });
  const { watch, url, yes } = values;
  if (watch !== undefined) return { url, watch };
  const then = values['dry-run'] ? 'nothing' : yes ? 'delete' : 'ask';
  return { url, watch: null, then, selection: selectionOf(values) };
}

function selectionOf(values: Values): Selection {
  const { flow, contact, limit, archive } = values;
  return {
    flows: flow.length === 0 || flow.includes('all') ? 'all' : flow,
    status: values.status ?? 'ended',
    olderThan: values['older-than'] ?? null,
    dateCreatedFrom: values.from ?? null,
    dateCreatedTo: values.to ?? null,
    contact: (contact.length > 1 ? contact : contact[0]) ?? null,
    archive,
    limit: limit === undefined ? null : Number(limit),
  };
}

function together({ flow, contact, from, to, watch, ...values }: Values): (string | null)[] {
  const olderThan = values['older-than'];
  const selects = olderThan ?? from ?? to ?? contact[0] ?? values.status ?? values.limit ?? flow[0];
  const tells = values.archive || values.yes || values['dry-run'];
  if (watch !== undefined) return [selects !== undefined || tells ? '--watch goes with --url only' : null];
  return [
    values['dry-run'] && values.yes ? '--dry-run deletes nothing, and --yes does: say one of them' : null,
    flow.length === 0 && contact.length === 0 ? '--flow is missing: an alias, or "all"' : null,
    flow.includes('all') && flow.length > 1 ? '--flow all goes with no other --flow' : null,
    (olderThan ?? from ?? to ?? contact[0]) === undefined
      ? '--older-than is missing, or --from, --to or --contact'
      : null,
    contact.length > MAX_CONTACTS ? `--contact may be given at most ${MAX_CONTACTS} times` : null,
    new Set(contact).size < contact.length ? '--contact names an address twice' : null,
    olderThan !== undefined && (from ?? to) !== undefined
      ? '--older-than goes with neither --from nor --to'
      : null,
    from !== undefined && to !== undefined && Date.parse(from) >= Date.parse(to)
      ? '--to must be later than --from'
      : null,
  ];
}
