import * as v from 'valibot';
import { LOCAL_ADMIN } from '../../local/caller-tokens.ts';
import { createTerminal } from '../../local/terminal/terminal.ts';
import { createApi, explained } from '../api.ts';
import { mistakeInPurgeId, type Options, readArguments, stageOption } from '../arguments.ts';
import { many } from '../format.ts';
import { type Io, print } from '../io.ts';
import { outputOf } from '../stack.ts';
import { isLocal, mistakeInUrl } from '../target.ts';
import { type ExitCode, Failed, type Tool } from '../tool.ts';
import type { ArchiveSlice, Bucket, Place } from './objects.ts';

const NAMED_MISSING = 10;
const LOCAL_REGION = 'us-east-1';
/** The stand-in accepts any credentials. */
const LOCAL_CREDENTIALS = { accessKeyId: 'local', secretAccessKey: 'local' };

const localArchive = v.object({ endpoint: v.string(), bucket: v.string(), isStandIn: v.boolean() });
const archived = v.object({ execution: v.object({ sid: v.string() }) });

const ALIAS = /^(?!FW[0-9a-fA-F]{32}$)[A-Za-z][\w-]{0,39}$/;

const options = {
  execution: {
    flags: '--execution <sid>',
    help: 'this execution; more than once for several',
    multiple: true,
    check: (value) =>
      /^FN[0-9a-fA-F]{32}$/.test(value) ? null : 'must be an execution SID: FN and 32 hexadecimal digits',
  },
  purge: {
    flags: '--purge <purge>',
    help: 'what this purge has archived',
    check: mistakeInPurgeId,
  },
  flow: {
    flags: '--flow <alias>',
    help: 'of this flow; more than once for several',
    multiple: true,
    check: (value) => (ALIAS.test(value) ? null : 'must be the alias that a flow had when it was archived'),
  },
  url: {
    flags: '--url <url>',
    help: 'what npm start, running at this address, has archived',
    check: (value) =>
      mistakeInUrl(value) ??
      (isLocal(value) ? null : 'must be on this machine: elsewhere, --bucket or --stage'),
  },
  bucket: { flags: '--bucket <name>', help: "else STUDIO_ARCHIVE_BUCKET, else the deployed stack's" },
  stage: stageOption,
} as const satisfies Options;

/** Prints archived executions to stdout, and messages to stderr. */
export const archiveTool: Tool = {
  name: 'archive',
  usage: 'read [options]',
  about: `Prints what was archived before it was deleted: one line of JSON an execution,
with its context and its steps. Everything, or what the options select.`,
  options,
  notes: `
  npm run archive -- read --execution FN…
  npm run --silent archive -- read --purge pu… | jq .execution.sid
  npm run --silent archive -- read --url http://127.0.0.1:3000

AWS credentials and region are found as the AWS CLI finds them, unless --url is
given, which needs none.
Ends with 0 when all that was asked for was printed, 1 when something was not
found or could not be read, 2 when asked wrongly.`,
  async run(argv, io) {
    const options = readArchiveOptions(argv);
    const { openBucket } = await import('./objects.ts');
    const bucket = openBucket(await placeOf(options, io));
    try {
      return await printWanted(bucket, io, options.wanted);
    } finally {
      bucket.close();
    }
  },
};

type ArchiveOptions = ReturnType<typeof readArchiveOptions>;
type Wanted = ArchiveOptions['wanted'];

/** Throws a UsageError with every mistake. */
function readArchiveOptions(argv: readonly string[]) {
  const { values } = readArguments(argv, options, {
    most: 1,
    also: ({ words: [command], values: { url, bucket, stage } }) => [
      command === 'read' ? null : 'say what to do: npm run archive -- read',
      url !== undefined && (bucket ?? stage) !== undefined
        ? '--url goes with neither --bucket nor --stage'
        : null,
    ],
  });
  const { execution, purge, flow, url, bucket, stage } = values;
  return { wanted: { flows: flow, purge, executions: execution }, url, bucket, stage };
}

async function placeOf({ url, bucket, stage }: ArchiveOptions, io: Io): Promise<Place> {
  if (url !== undefined) return localPlace(url.replace(/\/+$/, ''), io);
  const given = bucket ?? (stage === undefined ? io.env['STUDIO_ARCHIVE_BUCKET'] || undefined : undefined);
  const deployed = await outputOf('ArchiveBucketName', { given, stage, option: '--bucket' }).catch(
    (error: unknown) => {
      if (!(error instanceof Failed)) throw error;
      const hint = 'What npm start has archived is read with --url http://127.0.0.1:3000.';
      throw new Failed([...error.lines, hint], { cause: error });
    },
  );
  return { bucket: deployed, s3: {} };
}

/** Asks the local run at `url` where its archive is. */
async function localPlace(url: string, io: Io): Promise<Place> {
  const api = createApi({ url, token: LOCAL_ADMIN }, io);
  const { body } = await api.call('GET', '/__local/archive').catch((error: unknown) => {
    throw explained(error);
  });
  const read = v.safeParse(localArchive, body);
  if (!read.success) throw new Failed([`What answers at ${url} is not npm start.`]);
  const { endpoint, bucket, isStandIn } = read.output;
  // An emulator that npm start did not start takes the credentials that the SDK finds.
  const credentials = isStandIn ? { credentials: LOCAL_CREDENTIALS } : {};
  return { bucket, s3: { endpoint, region: io.env['AWS_REGION'] || LOCAL_REGION, ...credentials } };
}

async function printWanted(bucket: Bucket, io: Io, wanted: Wanted): Promise<ExitCode> {
  const seen = { objects: 0, broken: 0, printed: 0, flows: new Set<string>() };
  const executions = new Set(wanted.executions);
  const missing = new Set(wanted.executions);
  const terminal = createTerminal(io.err);
  for await (const { key, flow, isNew } of objectsOf(bucket.slices(wanted))) {
    seen.objects += 1;
    seen.flows.add(flow);
    terminal.status(`  looking into ${many(seen.objects, 'object')}`);
    let line = 0;
    try {
      await bucket.eachLine(key, async (text) => {
        line += 1;
        const sid = sidOf(text);
        if ((executions.size > 0 && !executions.has(sid)) || !isNew(sid)) return;
        terminal.status(null);
        await print(io, `${text}\n`);
        seen.printed += 1;
        missing.delete(sid);
      });
    } catch (error) {
      seen.broken += 1;
      const reason = error instanceof Error ? error.message : String(error);
      terminal.line(`  ${key} is broken after line ${line}: ${reason}`);
    }
  }
  terminal.status(null);
  const { objects, broken, printed } = seen;
  const trouble = broken > 0 ? `, ${many(broken, 'object')} broken` : '';
  terminal.line(`  ${many(printed, 'execution')} in ${many(objects, 'object')}${trouble}`);
  const absent = notFound(wanted, [...missing], seen.flows);
  for (const what of absent) terminal.line(`  ${what}`);
  return broken > 0 || absent.length > 0 ? 1 : 0;
}

type ArchiveObject = { key: string; flow: string; isNew: (sid: string) => boolean };

/**
 * Lists the objects, each with a filter against executions printed before: an execution of a slice with
 * several objects may be in more than one of them, and again in a later slice of the purge.
 */
async function* objectsOf(slices: AsyncIterable<ArchiveSlice>): AsyncGenerator<ArchiveObject> {
  let current = '';
  const sids = new Set<string>();
  for await (const { keys, flow, purge } of slices) {
    if (purge !== current) sids.clear();
    current = purge;
    const isNew = (sid: string) => {
      if (sids.has(sid)) return false;
      if (keys.length > 1) sids.add(sid);
      return true;
    };
    for (const key of keys) yield { key, flow, isNew };
  }
}

/**
 * Returns a line for each requested flow and execution that is not in the archive, or for an empty archive.
 */
function notFound({ flows, purge }: Wanted, executions: string[], seen: ReadonlySet<string>): string[] {
  const absent = flows.filter((flow) => !seen.has(flow));
  const ofPurge = purge === undefined ? '' : ` by purge ${purge}`;
  if (seen.size === 0 && flows.length === 0) return [`Nothing was archived there${ofPurge}.`];
  const more = executions.length - NAMED_MISSING;
  return [
    ...absent.map((flow) => `Nothing of the flow ${flow} was archived${ofPurge}.`),
    ...executions.slice(0, NAMED_MISSING).map((sid) => `${sid} was not found.`),
    ...(more > 0 ? [`${many(more, 'more execution')} of these were not found.`] : []),
  ];
}

/** Throws if the line is not an archived execution. The error omits the line, which is personal data. */
function sidOf(line: string): string {
  const read = v.safeParse(v.pipe(v.string(), v.parseJson(), archived), line);
  if (!read.success) throw new Error('the next line is not an execution');
  return read.output.execution.sid;
}
