import { parseDuration } from '../../../lib/config/duration.ts';
import { MAX_CONTACTS } from '../../../lib/http/schemas/purge.ts';
import { CONTACT_RULE, isContactAddress } from '../../../lib/studio/addresses.ts';
import {
  type Arguments,
  mistakeInPurgeId,
  type Options,
  oneOf,
  readArguments,
  type Usage,
  urlOption,
} from '../arguments.ts';

const MOMENT = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d))?$/;

const mistakeInMoment = (value: string) =>
  MOMENT.test(value) && !Number.isNaN(Date.parse(value))
    ? null
    : 'must be a date, or a date and time with its zone, such as 2026-11-22T10:00:00Z';

const options = {
  flow: { flags: '--flow <alias>', help: 'a flow, more than once for several, or "all"', multiple: true },
  olderThan: {
    flags: '--older-than <duration>',
    help: 'older than an ISO 8601 duration, such as P7D',
    check: (value) => (parseDuration(value) ? null : 'must be an ISO 8601 duration, such as P7D or PT12H'),
  },
  from: {
    flags: '--from <date>',
    help: 'created since, such as 2026-11-01 or 2026-11-01T12:00:00Z',
    check: mistakeInMoment,
  },
  to: { flags: '--to <date>', help: 'created before', check: mistakeInMoment },
  contact: {
    flags: '--contact <address>',
    help: "only this contact's, exactly as Studio reports it, more than once for several; all flows unless --flow is given",
    multiple: true,
    check: (value) => (isContactAddress(value) ? null : CONTACT_RULE),
  },
  status: {
    flags: '--status <status>',
    help: 'ended (unless given), active (ended first) or any',
    check: oneOf('ended', 'active', 'any'),
  },
  limit: {
    flags: '--limit <number>',
    help: 'delete at most this many',
    check: (value) => (/^[1-9]\d{0,8}$/.test(value) ? null : 'must be a whole number from 1'),
  },
  archive: { flags: '--archive', help: 'store context and steps before each is deleted' },
  dryRun: { flags: '--dry-run', help: 'only show what would be deleted' },
  yes: { flags: '--yes', help: 'do not ask' },
  watch: {
    flags: '--watch <purge>',
    help: 'delete nothing, watch a purge that runs',
    check: mistakeInPurgeId,
  },
  url: urlOption,
} as const satisfies Options;

export const usage: Usage = {
  name: 'purge',
  usage: '--flow welcome --older-than P7D',
  about: 'Deletes executions of flows: shows first what it would delete, then asks.',
  options,
  notes: `
The token comes from STUDIO_API_TOKEN, or is asked for. Ctrl-C asks whether to
stop the purge; no goes on watching, and Ctrl-C once more leaves it running.
Ends with 0 when all is deleted (of a dry run: counted), 1 when something failed
or was left, 2 when asked wrongly.`,
};

/** The body of POST /purges, without `dryRun`. */
export type Selection = ReturnType<typeof selectionOf>;

export type PurgeOptions = { url: string | undefined } & (
  | { watch: string }
  | { selection: Selection; mode: 'ask' | 'delete' | 'dry-run' }
);

type Values = Arguments<typeof options>['values'];

/** Throws a UsageError with every mistake. */
export function readPurgeOptions(argv: readonly string[]): PurgeOptions {
  const { values } = readArguments(argv, options, { most: 0, also: ({ values: all }) => mistakesIn(all) });
  const { watch, url, dryRun, yes } = values;
  if (watch !== undefined) return { url, watch };
  return { url, selection: selectionOf(values), mode: dryRun ? 'dry-run' : yes ? 'delete' : 'ask' };
}

function selectionOf({ flow, status = 'ended', olderThan, from, to, contact, archive, limit }: Values) {
  return {
    flows: flow.length === 0 || flow.includes('all') ? ('all' as const) : flow,
    status,
    olderThan,
    dateCreatedFrom: from,
    dateCreatedTo: to,
    contact: contact.length > 1 ? contact : contact[0],
    archive,
    limit: limit === undefined ? undefined : Number(limit),
  };
}

function mistakesIn({ watch, url: _, ...others }: Values): (string | null)[] {
  const { flow, contact, olderThan, from, to, dryRun, yes } = others;
  const isGiven = Object.values(others).some((value) => (Array.isArray(value) ? value.length > 0 : value));
  if (watch !== undefined) return [isGiven ? '--watch goes with --url only' : null];
  const window = from ?? to;
  return [
    dryRun && yes ? '--dry-run deletes nothing, and --yes does: say one of them' : null,
    flow.length === 0 && contact.length === 0 ? '--flow is missing: an alias, or "all"' : null,
    flow.includes('all') && flow.length > 1 ? '--flow all goes with no other --flow' : null,
    (olderThan ?? window ?? contact[0]) === undefined
      ? '--older-than is missing, or --from, --to or --contact'
      : null,
    contact.length > MAX_CONTACTS ? `--contact may be given at most ${MAX_CONTACTS} times` : null,
    new Set(contact).size < contact.length ? '--contact names an address twice' : null,
    olderThan && window ? '--older-than goes with neither --from nor --to' : null,
    from && to && Date.parse(from) >= Date.parse(to) ? '--to must be later than --from' : null,
  ];
}

const optionNames: Record<string, string> = {
  olderThan: '--older-than',
  dateCreatedFrom: '--from',
  dateCreatedTo: '--to',
};

/** Returns the option behind a JSON Pointer into the body. */
export function optionAt(pointer: string, { flows }: Selection): string {
  const [, member = '', index] = pointer.split('/');
  if (member === 'flows') return `--flow ${(flows === 'all' ? flows : flows[Number(index)]) ?? ''}`.trim();
  return optionNames[member] ?? (Object.hasOwn(options, member) ? `--${member}` : pointer);
}
