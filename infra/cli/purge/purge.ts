import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import * as v from 'valibot';
import { type Api, ApiProblem, ApiUnreachable, createApi, explained } from '../api.ts';
import { UsageError } from '../arguments.ts';
import { many } from '../format.ts';
import { confirm, type Io, interruptible, say } from '../io.ts';
import { targetOf } from '../target.ts';
import { type ExitCode, Failed, type Tool } from '../tool.ts';
import { optionAt, type PurgeOptions, readPurgeOptions, type Selection, usage } from './options.ts';
import { type Purge, printSelection, readPurge, shownPurge } from './summary.ts';
import { watchPurge, watchToTheEnd } from './watch.ts';

/** The number of newest records that are searched for the dry run, usually the one before the purge. */
const RECORDS = 100;

/** Deletes executions: a dry run, a confirmation, then the purge with its progress. */
export const purgeTool: Tool = {
  ...usage,
  async run(argv, io) {
    const order = readPurgeOptions(argv);
    if ('selection' in order && order.mode === 'ask' && !io.interactive)
      throw new UsageError(['there is no terminal to ask on: --dry-run only counts, --yes deletes unasked']);
    const api = createApi(await targetOf(order.url, io), io);
    try {
      if ('selection' in order) return await purge(api, io, order);
      const { watch, url } = order;
      const total = await totalOf(api, watch);
      return await watchToTheEnd(api, io, { begin: async () => watch, total, url });
    } catch (error) {
      throw explained(error, 'selection' in order ? (at) => optionAt(at, order.selection) : undefined);
    }
  },
};

type PurgeOrder = Extract<PurgeOptions, { selection: Selection }>;

async function purge(api: Api, io: Io, { selection, mode, url }: PurgeOrder): Promise<ExitCode> {
  const dry = await dryRun(api, io, selection);
  if (!dry) return 1;
  printSelection(io, api.url, selection, dry);
  const { matched } = dry.counts;
  if (matched === 0) {
    say(io, '', '  There is nothing to delete.');
    return 0;
  }
  if (mode === 'dry-run') {
    say(io, '', `  Nothing was deleted. The dry run is purge ${dry.id}.`);
    return 0;
  }
  if (mode === 'ask' && !(await confirm(io, `Delete ${many(matched, 'execution')}?`))) {
    say(io, '  Nothing was deleted.');
    return 1;
  }
  // The purge gets the window of the dry run: with the age, it would select executions that were not shown.
  const { from, to } = dry.window;
  const shown = { ...selection, olderThan: undefined, dateCreatedFrom: from, dateCreatedTo: to };
  const begin = async () => (await start(api, shown, false)).id;
  return watchToTheEnd(api, io, { begin, total: matched, url });
}

/** Runs a dry run to its end. At Ctrl-C, stops it and returns null. */
async function dryRun(api: Api, io: Io, selection: Selection): Promise<Purge | null> {
  return interruptible(io, async (signal) => {
    const { id } = await start(api, selection, true);
    const done = ({ counts }: Purge) => counts.matched;
    const dry = await watchPurge(id, { api, io, total: null, signal, done, unit: 'matched so far' });
    if (!dry) {
      await api.insist('POST', `/purges/${id}/stop`);
      say(io, '  Stopped counting; nothing was deleted.');
    } else if (dry.status !== 'succeeded')
      throw new Failed([
        `The dry run ${dry.status}; nothing was deleted.`,
        dry.error ?? `It is purge ${id}.`,
      ]);
    return dry;
  });
}

async function start(api: Api, selection: object, dryRun: boolean): Promise<Purge> {
  // All retries use one key, so that a lost answer starts no second purge.
  const idempotencyKey = randomUUID();
  const body = { ...selection, dryRun };
  return readPurge((await api.insist('POST', '/purges', { body, idempotencyKey })).body);
}

/**
 * Returns the count of the dry run with the same selection and window, for the bar; null if there is none.
 */
async function totalOf(api: Api, id: string): Promise<number | null> {
  try {
    const { window, request } = readPurge((await api.call('GET', `/purges/${encodeURIComponent(id)}`)).body);
    const page = v.object({ purges: v.array(shownPurge) });
    const { purges } = v.parse(page, (await api.call('GET', `/purges?limit=${RECORDS}`)).body);
    const wanted = [window, { ...request, dryRun: true }, 'succeeded'];
    const dry = purges.find((one) => isDeepStrictEqual([one.window, one.request, one.status], wanted));
    return dry?.counts.matched ?? null;
  } catch (error) {
    // The next request reports the problem.
    if (error instanceof ApiProblem || error instanceof ApiUnreachable || error instanceof v.ValiError)
      return null;
    throw error;
  }
}
