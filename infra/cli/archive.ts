import * as v from 'valibot';
import { eachLine } from './archive/lines.ts';
import { type Bucket, openBucket } from './archive/objects.ts';
import { type Options, readArguments } from './args.ts';
import { type Io, print } from './io.ts';
import { outputOf, stageOption } from './stack.ts';
import { type ExitCode, main, type Tool } from './tool.ts';
import { many } from './words.ts';

const HELP = `
Prints what was archived before it was deleted: one line of JSON an execution,
with its context and its steps.

  npm run archive -- read --execution FN…
  npm run --silent archive -- read --purge pu… | jq .execution.sid

  --execution FN…   this execution; more than once for several
  --purge PURGE     what this purge has archived
  --flow ALIAS      of this flow; more than once for several
  --bucket NAME     else STUDIO_ARCHIVE_BUCKET, else the deployed stack's
  --stage NAME      the stage whose stack is meant
  --help

AWS credentials and region are found as the AWS CLI finds them.
Ends with 0, with 1 when an object could not be read, with 2 when asked wrongly.
`;

const options = {
  execution: {
    type: 'string',
    multiple: true,
    check: (value) =>
      /^FN[0-9a-fA-F]{32}$/.test(value) ? null : 'must be an execution SID: FN and 32 hexadecimal digits',
  },
  purge: { type: 'string', check: plainName },
  flow: { type: 'string', multiple: true, check: plainName },
  bucket: { type: 'string' },
  stage: stageOption,
} as const satisfies Options;

function plainName(value: string): string | null {
  return /^[\w-]+$/.test(value) ? null : 'must be letters, digits, dashes and underscores';
}

const archived = v.object({ execution: v.object({ sid: v.string() }) });

/** Reads archives back. Lines go to the output, everything else that is said beside it. */
export const archiveTool: Tool = {
  name: 'archive',
  help: HELP,
  async run(argv, io) {
    const { values } = readArguments(argv, options, {
      most: 1,
      also: ({ positionals: [command] }) => [command === 'read' ? null : 'say what to do: archive -- read …'],
    });
    const { execution, purge, flow, stage } = values;
    const given =
      values.bucket ?? (stage === undefined ? io.env['STUDIO_ARCHIVE_BUCKET'] || undefined : undefined);
    const bucket = openBucket(await outputOf('ArchiveBucketName', { given, option: '--bucket', stage }));
    try {
      return await read(bucket, io, { flows: flow, purge, executions: new Set(execution) });
    } finally {
      bucket.close();
    }
  },
};

type Wanted = { flows: string[]; purge: string | undefined; executions: ReadonlySet<string> };

async function read(bucket: Bucket, io: Io, { executions, ...wanted }: Wanted): Promise<ExitCode> {
  const seen = { objects: 0, broken: 0, printed: 0 };
  for await (const { key } of bucket.objects(wanted)) {
    seen.objects += 1;
    let line = 0;
    try {
      await eachLine(await bucket.open(key), async (text) => {
        line += 1;
        const sid = sidOf(text);
        if (executions.size > 0 && !executions.has(sid)) return;
        await print(io, `${text}\n`);
        seen.printed += 1;
      });
    } catch (error) {
      seen.broken += 1;
      const reason = error instanceof Error ? error.message : String(error);
      io.err.write(`  ${key} is broken after line ${line}: ${reason}\n`);
    }
  }
  const { objects, broken, printed } = seen;
  const trouble = broken > 0 ? `, ${many(broken, 'object')} broken` : '';
  io.err.write(`  ${many(printed, 'execution')} in ${many(objects, 'object')}${trouble}\n`);
  return broken > 0 ? 1 : 0;
}

/** Throws when the line is none of an archive; never with what stands in it, which is personal. */
function sidOf(line: string): string {
  const read = v.safeParse(v.pipe(v.string(), v.parseJson(), archived), line);
  if (!read.success) throw new Error('the next line is no execution');
  return read.output.execution.sid;
}

if (import.meta.main) await main(archiveTool);
