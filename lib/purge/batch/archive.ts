import { StudioError } from '../../studio/errors.ts';
import { JsonText } from '../../studio/json/json-text.ts';
import type { Execution, ExecutionContext, Step } from '../../studio/types.ts';
import type { Gate, Upstream } from '../engine/ports.ts';
import { type Failing, failingOf } from './act.ts';
import type { Lanes } from './lanes.ts';
import { createPacker, type Put } from './packer.ts';

/**
 * One line of an archive object. Personal throughout. A step has its `context` as the list of steps carries it,
 * which may be null: it is not asked for step by step, a request each, because the execution's own context,
 * which is, holds what all its steps have left in it.
 */
export type ArchivedExecution = { execution: Execution; context: ExecutionContext; steps: Step[] };

/** A pass over the executions. `lanes` bounds how many are read at once. */
export type ArchivePass = { maxBodyBytes: number; lanes: Lanes };

export type Collected = {
  archived: string[];
  gone: string[];
  failed: ({ sid: string } & Failing)[];
};

/** Digits of the digest in a key: enough to tell the objects of a batch apart. */
const DIGEST_DIGITS = 16;

export type ToArchive = { sid: string; execution: Execution | undefined };

/**
 * Returns `flow/date/purge/slice`, where `slice` is the batch's number and the digest of the object's lines.
 * The same lines always have the same key, so no object is ever replaced by one with other lines. A
 * superseded worker may go on for a while and find executions gone that the other worker has deleted.
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
 * Reads context and steps of each execution and packs them line by line. An execution that is larger than its
 * pass allows is read again in the next pass. One that cannot be read is not archived and must not be
 * deleted; one without time to read it is in none of the lists. Throws what `put` throws; nothing counts as
 * archived then.
 */
export async function collect(
  { upstream, gate, passes }: { upstream: Upstream; gate: Gate; passes: readonly ArchivePass[] },
  flowSid: string,
  items: readonly ToArchive[],
  mayGoOn: () => boolean,
  put: Put,
): Promise<Collected> {
  const packer = createPacker(put);
  const collected: Collected = { archived: [], gone: [], failed: [] };
  let isBroken = false;

  const archive = async (item: ToArchive, maxBodyBytes: number): Promise<'larger' | 'over'> => {
    if (isBroken || !mayGoOn()) return 'over';
    const { sid } = item;
    try {
      await packer.add(await read(upstream, flowSid, item, maxBodyBytes));
      collected.archived.push(sid);
    } catch (error) {
      if (!(error instanceof StudioError)) {
        isBroken = true;
        throw error;
      }
      if (error.oversized && maxBodyBytes !== passes.at(-1)?.maxBodyBytes) return 'larger';
      const cause = error.kind === 'not-found' ? await unlessGone(upstream, flowSid, sid, error) : error;
      if (cause === null) collected.gone.push(sid);
      else if (cause.kind !== 'aborted') collected.failed.push({ sid, ...failingOf('archive', cause) });
    }
    return 'over';
  };

  await gate.each(items, async (item) => {
    for (const { maxBodyBytes, lanes } of passes)
      if ((await lanes(() => archive(item, maxBodyBytes))) === 'over') return;
  });
  await packer.end();
  return collected;
}

/** Reads the line of one execution. */
async function read(
  upstream: Upstream,
  flowSid: string,
  { sid, execution: listed }: ToArchive,
  maxBodyBytes: number,
): Promise<string> {
  const execution = listed ?? (await upstream.fetch(flowSid, sid));
  const context = await upstream.context(flowSid, sid, maxBodyBytes);
  const steps: Step[] = [];
  for await (const step of upstream.steps(flowSid, sid, maxBodyBytes)) steps.push(step);
  return lineOf({ execution, context, steps });
}

function lineOf({ execution, context, steps }: ArchivedExecution): string {
  const listed = steps.map(jsonOf).join(',');
  return `{"execution":${JSON.stringify(execution)},"context":${jsonOf(context)},"steps":[${listed}]}\n`;
}

/** Returns the resource as JSON. A context that is JsonText goes into it unchanged. */
function jsonOf(resource: ExecutionContext | Step): string {
  const members = Object.entries(resource).map(([name, value]) => {
    const json = value instanceof JsonText ? value.json : JSON.stringify(value);
    return `${JSON.stringify(name)}:${json}`;
  });
  return `{${members}}`;
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
