import { once } from 'node:events';
import { createGzip } from 'node:zlib';
import { addToDigest, EMPTY_DIGEST } from './digest.ts';
import { ARCHIVE_OBJECT_BYTES } from './limits.ts';

/** Stores an object; `digest` is that of its lines, in any order. */
export type Put = (body: Uint8Array, digest: string) => Promise<void>;

/**
 * Packs lines into gzipped objects, and puts each as soon as it has ARCHIVE_OBJECT_BYTES: no more than about that is
 * held. Once a put has failed, everything fails with its error.
 */
export function createPacker(put: Put) {
  let object: ReturnType<typeof openObject> | null = null;
  let last: Promise<void> = Promise.resolve();

  /** One after the other, so that there is never more than one line that waits for gzip. */
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
    /** Puts what is left. */
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
