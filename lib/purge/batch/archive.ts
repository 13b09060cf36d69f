import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { StudioError } from '../../studio/errors.ts';
import { JsonText } from '../../studio/json/json-text.ts';
import type { Execution, ExecutionContext, Step } from '../../studio/types.ts';
import { ARCHIVE_BODY_BYTES, ARCHIVE_MAX_BODY_BYTES, ARCHIVE_OBJECT_BYTES } from '../engine/limits.ts';
import { abort, type Slice } from '../engine/slice-state.ts';
import { addToDigest, EMPTY_DIGEST } from '../record/digest.ts';
import { type Failing, failingOf } from './act.ts';
import { type FailedItem, failedItemOf, type ListedItems, type OwnedBatch, roundOf } from './batch.ts';

/** Digits of the digest in a key: enough to tell the objects of a batch apart. */
const DIGEST_DIGITS = 16;

const compress = promisify(gzip);

/** Stores an object. `digest` is that of its lines, whatever their order. */
type Put = (body: Uint8Array, digest: string) => Promise<void>;

type Archived = 'archived' | 'gone' | Failing;

/**
 * Archives the batch's executions. Returns the batch as it is saved then: without those that are not
 * archived, which are listed or retried again. Null if an object could not be stored: then none may be acted
 * on.
 */
export async function archiveBatch(
  slice: Slice,
  batch: OwnedBatch,
  listed: ListedItems,
): Promise<OwnedBatch | null> {
  const { ports, time, state } = slice;
  const { archive, limiter } = ports;
  const { record } = state;
  const flow = record.flows[batch.flow];
  if (!flow || !archive) throw new Error('There is no archive to write to');
  const put: Put = async (body, digest) => {
    await slice.confirm();
    const key = archiveKey(flow.alias, record.dateStarted, record.id, batch.seq, digest);
    await archive.put(key, body, time.signal).catch((cause: unknown) => {
      throw new NotStoredError('An archive object could not be stored', { cause });
    });
  };
  const writer = createArchiveWriter(put);
  const results = new Map<string, Archived>();
  let isBroken = false;
  const archiveOne = async (sid: string, maxBodyBytes: number): Promise<void> => {
    if (isBroken || !slice.mayStartItem) return;
    try {
      await writer.add(await readLine(slice, flow.sid, sid, listed.get(sid)?.execution, maxBodyBytes));
      results.set(sid, 'archived');
    } catch (error) {
      isBroken = !(error instanceof StudioError);
      if (!(error instanceof StudioError)) throw error;
      if (error.oversized && maxBodyBytes === ARCHIVE_BODY_BYTES)
        return slice.alone(() => archiveOne(sid, ARCHIVE_MAX_BODY_BYTES));
      const cause = error.kind === 'not-found' ? await unlessGone(slice, flow.sid, sid, error) : error;
      if (cause?.kind !== 'aborted') results.set(sid, cause ? failingOf('archive', cause) : 'gone');
    }
  };
  try {
    await limiter.each([...batch.active, ...batch.inactive], (sid) => archiveOne(sid, ARCHIVE_BODY_BYTES));
    await writer.end();
  } catch (error) {
    if (!(error instanceof NotStoredError)) throw error;
    const name = error.cause instanceof Error ? error.cause.name : 'unknown';
    slice.apply(abort(slice.state, { reason: `the archive could not be written: ${name}`, refused: false }));
    return null;
  }
  for (const [sid, result] of results) {
    if (result === 'gone') slice.seen.addGone(sid);
    else if (result !== 'archived') slice.failed(sid, result);
  }
  const archived = afterArchive(batch, results, listed, roundOf(batch, record.progress));
  await ports.store.saveBatch(record.id, archived);
  return archived;
}

/** Puts lines into gzipped objects, one at a time. After a failed put, every later call throws its error. */
function createArchiveWriter(put: Put) {
  let lines: string[] = [];
  let bytes = 0;
  let last: Promise<void> = Promise.resolve();

  const flush = async () => {
    const object = lines;
    lines = [];
    bytes = 0;
    if (object.length === 0) return;
    await put(await compress(object.join('')), addToDigest(EMPTY_DIGEST, object).value);
  };
  const afterLast = () => {
    last = last.then(flush);
    return last;
  };
  return {
    /** Waits while an object is put, so that memory holds little more than two. */
    async add(line: string): Promise<void> {
      lines.push(line);
      bytes += Buffer.byteLength(line);
      await (bytes >= ARCHIVE_OBJECT_BYTES ? afterLast() : last);
    },
    /** Puts the last object. */
    end: afterLast,
  };
}

/**
 * Returns `flow/date/purge/slice`; `slice` is the batch's number and the digest of the object's lines. The
 * same lines have the same key, so that a late object of a superseded worker replaces none that has other
 * lines.
 */
function archiveKey(flow: string, dateStarted: string, purge: string, seq: number, digest: string): string {
  const slice = `${String(seq).padStart(8, '0')}-${digest.slice(0, DIGEST_DIGITS)}`;
  return `${flow}/${dateStarted.slice(0, 'YYYY-MM-DD'.length)}/${purge}/${slice}.ndjson.gz`;
}

/** A failure that there was no time for stays as it was. */
function afterArchive(
  batch: OwnedBatch,
  results: ReadonlyMap<string, Archived>,
  listed: ListedItems,
  round: number,
): OwnedBatch {
  const failed: FailedItem[] = (batch.retried ?? []).filter(({ sid }) => !results.has(sid));
  for (const [sid, result] of results) {
    if (typeof result === 'string') continue;
    const active = batch.active.includes(sid);
    failed.push(failedItemOf(batch, sid, listed, { ...result, active, possibleEffect: 'nothing', round }));
  }
  const sidsThat = (result: Archived) => [...results.keys()].filter((sid) => results.get(sid) === result);
  const archived = new Set(sidsThat('archived'));
  return {
    ...batch,
    archived: true,
    active: batch.active.filter((sid) => archived.has(sid)),
    inactive: batch.inactive.filter((sid) => archived.has(sid)),
    outcome: { ...batch.outcome, archived: archived.size, gone: sidsThat('gone'), failed },
  };
}

/**
 * Reads one line of an archive object: personal data. A step's `context` is what the list of steps shows,
 * perhaps null. It is not fetched for each step, because the context of the execution has what its steps have
 * left there.
 */
async function readLine(
  { ports: { upstream }, time: { signal } }: Slice,
  flowSid: string,
  sid: string,
  listed: Execution | undefined,
  maxBodyBytes: number,
): Promise<string> {
  const execution = listed ?? (await upstream.fetch(flowSid, sid, signal));
  const context = await upstream.context(flowSid, sid, maxBodyBytes, signal);
  const steps: string[] = [];
  for await (const step of upstream.steps(flowSid, sid, maxBodyBytes, signal)) steps.push(jsonOf(step));
  return `{"execution":${JSON.stringify(execution)},"context":${jsonOf(context)},"steps":[${steps.join(',')}]}\n`;
}

/** Returns the resource as JSON. A context that is JsonText goes into it unchanged. */
function jsonOf(resource: ExecutionContext | Step): string {
  const members = Object.entries(resource).map(([name, value]) => {
    const json = value instanceof JsonText ? value.json : JSON.stringify(value);
    return `${JSON.stringify(name)}:${json}`;
  });
  return `{${members}}`;
}

/** Returns null if the execution is gone. Its context or steps may be missing while it is there. */
async function unlessGone(
  { ports: { upstream }, time: { signal } }: Slice,
  flowSid: string,
  sid: string,
  missing: StudioError,
): Promise<StudioError | null> {
  try {
    await upstream.fetch(flowSid, sid, signal);
    return missing;
  } catch (error) {
    if (!(error instanceof StudioError)) throw error;
    return error.kind === 'not-found' ? null : error;
  }
}

/** Wraps the archive's error as its `cause`. */
class NotStoredError extends Error {
  override readonly name = 'NotStoredError';
}
