import { once } from 'node:events';
import { createGzip } from 'node:zlib';
import { ARCHIVE_OBJECT_BYTES } from '../engine/limits.ts';
import { addToDigest, EMPTY_DIGEST } from '../record/digest.ts';

/** Stores an object. `digest` covers its lines, whatever their order. */
export type Put = (body: Uint8Array, digest: string) => Promise<void>;

/**
 * Writes lines into gzipped objects, and puts each object when it has ARCHIVE_OBJECT_BYTES. Memory holds little more
 * than one object. After a failed put, every later call throws its error.
 */
export function createArchiveWriter(put: Put) {
  let object: ReturnType<typeof openObject> | null = null;
  let last: Promise<void> = Promise.resolve();

  /** Runs calls one after the other, so that at most one line waits for gzip. */
  const afterLast = (work: () => Promise<void>): Promise<void> => {
    last = last.then(work);
    return last;
  };
  const close = async () => {
    if (!object) return;
    const { body, digest } = await object.close();
    object = null;
    await put(body, digest);
  };
  return {
    add: (line: string) =>
      afterLast(async () => {
        object ??= openObject();
        await object.write(line);
        if (object.bytes() >= ARCHIVE_OBJECT_BYTES) await close();
      }),
    /** Puts the last object. */
    end: () => afterLast(close),
  };
}

function openObject() {
  const gzip = createGzip();
  const chunks: Buffer[] = [];
  let bytes = 0;
  gzip.on('data', (chunk: Buffer) => {
    chunks.push(chunk);
    bytes += chunk.length;
  });
  const packed = once(gzip, 'end');
  let digest = EMPTY_DIGEST;
  return {
    bytes: () => bytes,
    async write(line: string) {
      digest = addToDigest(digest, [line]);
      if (!gzip.write(line)) await once(gzip, 'drain');
    },
    async close() {
      gzip.end();
      await packed;
      return { body: Buffer.concat(chunks), digest: digest.value };
    },
  };
}
