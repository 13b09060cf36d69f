import { randomUUID } from 'node:crypto';
import { type Api, createApi } from '../api.ts';
import { UsageError } from '../arguments.ts';
import { explained } from '../explain.ts';
import { many } from '../format.ts';
import { confirm, type Io, say } from '../io.ts';
import { targetOf } from '../target.ts';
import { type ExitCode, Failed, type Tool } from '../tool.ts';
import { optionAt, type PurgeOptions, readPurgeOptions, type Selection, usage } from './options.ts';
import { createProgress } from './progress.ts';
import { type Purge, readPurge } from './purge-view.ts';
import { isGood, printEnd, printHowToWatch, printMatched, printSelection } from './summary.ts';
import { totalOf } from './total.ts';
import { watchPurge } from './watch.ts';
import { type Order, watchToTheEnd } from './watch-to-the-end.ts';

/** Deletes executions, from a terminal: the dry run, the question, the progress, the end. */
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
      return await follow(api, io, { begin: async () => watch, total: await totalOf(api, watch) }, url);
    } catch (error) {
      throw explained(error, 'selection' in order ? (at) => optionAt(at, order.selection) : undefined);
    }
  },
};

type Wish = Extract<PurgeOptions, { selection: Selection }>;

async function purge(api: Api, io: Io, { selection, mode, url }: Wish): Promise<ExitCode> {
  const dry = await dryRun(api, io, selection);
  if (!dry) return 1;
  printSelection(io, api.url, selection, dry.window);
  printMatched(io, dry);
  if (dry.counts.matched === 0) {
    say(io, '', '  There is nothing to delete.');
    return 0;
  }
  if (mode === 'dry-run') {
    say(io, '', `  Nothing was deleted. The dry run is purge ${dry.id}.`);
    return 0;
  }
  if (mode === 'ask' && !(await confirm(io, `Delete ${many(dry.counts.matched, 'execution')}?`))) {
    say(io, '  Nothing was deleted.');
    return 1;
  }
  // The window that was shown, not the same age once more: nothing grows into it while one thinks.
  const exactly: Selection = {
    ...selection,
    ...(dry.window && { olderThan: null, dateCreatedFrom: dry.window.from, dateCreatedTo: dry.window.to }),
  };
  const begin = async () => (await start(api, { ...exactly, dryRun: false })).id;
  return follow(api, io, { begin, total: dry.counts.matched }, url);
}

/** Counts; null when Ctrl-C ended it, which also stops it. */
async function dryRun(api: Api, io: Io, selection: Selection): Promise<Purge | null> {
  const interrupted = new AbortController();
  const quiet = io.onInterrupt(() => interrupted.abort());
  const progress = createProgress(io, { unit: 'matched so far' });
  try {
    const { id } = await start(api, { ...selection, dryRun: true });
    const watching = { api, io, progress, total: null, signal: interrupted.signal };
    const dry = await watchPurge(id, { ...watching, done: ({ counts }) => counts.matched });
    progress.clear();
    if (!dry) {
      await api.insist('POST', `/purges/${id}/stop`);
      say(io, '  Stopped counting; nothing was deleted.');
    } else if (dry.status !== 'succeeded')
      throw new Failed([
        `The dry run ${dry.status}; nothing was deleted.`,
        dry.error ?? `It is purge ${id}.`,
      ]);
    return dry;
  } finally {
    progress.clear();
    quiet();
  }
}

async function start(api: Api, body: Selection & { dryRun: boolean }): Promise<Purge> {
  // One key for every try: an answer that gets lost must not start a second purge.
  const idempotencyKey = randomUUID();
  return readPurge((await api.insist('POST', '/purges', { body, idempotencyKey })).body);
}

async function follow(api: Api, io: Io, order: Order, url: string | undefined): Promise<ExitCode> {
  const watched = await watchToTheEnd(api, io, order);
  if (watched.state === 'ended') printEnd(io, watched.purge);
  else printHowToWatch(io, watched, url);
  return watched.state === 'ended' && isGood(watched.purge) ? 0 : 1;
}
