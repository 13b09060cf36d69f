import { mistakeInPurgeId, type Options, readArguments, stageOption, type Usage } from '../arguments.ts';
import { isLocal, mistakeInUrl } from '../target.ts';

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

export type ArchiveOptions = ReturnType<typeof readArchiveOptions>;
export type Wanted = ArchiveOptions['wanted'];

export const usage: Usage = {
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
};

/** Throws a UsageError with every mistake. */
export function readArchiveOptions(argv: readonly string[]) {
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
