import { once } from 'node:events';
import { createGzip } from 'node:zlib';
import { StudioError } from '../studio/errors.ts';
import type { Execution, ExecutionContext, Step } from '../studio/types.ts';
import { type Failing, failingOf } from './act.ts';
import { addToDigest, EMPTY_DIGEST } from './digest.ts';
import type { Gate, Upstream } from './ports.ts';

/**
 * One line of an archive object. Personal throughout. A step has its `context` as the list of steps carries it,
 * which may be null: it is not asked for step by step, a request each, because the execution's own context,
 * which is, holds what all its steps have left in it.
 */
export type ArchivedExecution = { execution: Execution; context: ExecutionContext; steps: Step[] };

export type Collected = {
  /** Gzipped NDJSON; null when there is not one line. */
  body: Uint8Array | null;
  /** Of its lines, in whatever order. */
  digest: string;
  archived: string[];
  gone: string[];
  failed: ({ sid: string } & Failing)[];
};

/** Of a batch's few objects, if it has several, no two begin alike. */
const DIGEST_DIGITS = 16;

export type ToArchive = { sid: string; execution: Execution | undefined };

/**
 * `flow/date/purge/slice`, the last of which is the batch's number and what its lines come to. So a repeat finds
 * its own place, and no object is ever replaced by one with other lines, whoever writes it, and however late: a
 * worker that somebody else has taken over from may go on for a while, and see what the other has deleted as gone.
 */
export function archiveKey(
  flow: string,
  dateStarted: string,
  purge: string,
  batch: number,
  digest: string,
): string {
  const slice = `${String(batch).padStart(8, '0')}-${digest.slice(0, DIGEST_DIGITS)}`;
  return `${flow}/${dateStarted.slice(0, 'YYYY-MM-DD'.length)}/${purge}/${slice}.ndjson.gz`;
}

/**
 * Reads context and steps of each execution and packs them, line by line as they come, so that only the
 * compressed object is held as a whole. One that cannot be read is not archived, and so must not be deleted;
 * one that there was no time for is in none of the lists.
 */
export async function collect(
  { upstream, gate }: { upstream: Upstream; gate: Gate },
  flowSid: string,
  items: readonly ToArchive[],
  mayGoOn: () => boolean,
): Promise<Collected> {
  const gzip = createGzip();
  const chunks: Buffer[] = [];
  gzip.on('data', (chunk: Buffer) => chunks.push(chunk));
  const packed = once(gzip, 'end');
  let written: Promise<unknown> = Promise.resolve();
  let digest = EMPTY_DIGEST;
  /** One after the other, so that there is never more than one that waits for gzip. */
  const write = (line: ArchivedExecution) => {
    written = written.then(async () => {
      const text = `${JSON.stringify(line)}\n`;
      digest = addToDigest(digest, [text]);
      if (!gzip.write(text)) await once(gzip, 'drain');
    });
    return written;
  };
  const collected: Omit<Collected, 'body' | 'digest'> = { archived: [], gone: [], failed: [] };

  await gate.each(items, async ({ sid, execution }) => {
    if (!mayGoOn()) return;
    try {
      await write(await read(upstream, flowSid, sid, execution));
      collected.archived.push(sid);
    } catch (error) {
      if (!(error instanceof StudioError)) throw error;
      const cause = error.kind === 'not-found' ? await unlessGone(upstream, flowSid, sid, error) : error;
      if (cause === null) collected.gone.push(sid);
      else if (cause.kind !== 'aborted') collected.failed.push({ sid, ...failingOf('archive', cause) });
    }
  });
  gzip.end();
  await packed;
  const body = collected.archived.length > 0 ? Buffer.concat(chunks) : null;
  return { ...collected, body, digest: digest.value };
}

async function read(
  upstream: Upstream,
  flowSid: string,
  sid: string,
  listed: Execution | undefined,
): Promise<ArchivedExecution> {
  const execution = listed ?? (await upstream.fetch(flowSid, sid));
  const context = await upstream.context(flowSid, sid);
  const steps: Step[] = [];
  for await (const step of upstream.steps(flowSid, sid)) steps.push(step);
  return { execution, context, steps };
}

/** Its context or its steps may be missing while it is there itself: then it is neither archived nor gone. */
async function unlessGone(
  upstream: Upstream,
  flowSid: string,
  sid: string,
  missing: StudioError,
): Promise<StudioError | null> {
  try {
    await upstream.fetch(flowSid, sid);
    return missing;
  } catch (error) {
    if (!(error instanceof StudioError)) throw error;
    return error.kind === 'not-found' ? null : error;
  }
}
