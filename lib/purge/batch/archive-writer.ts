import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { ARCHIVE_OBJECT_BYTES } from '../engine/limits.ts';
import { addToDigest, EMPTY_DIGEST } from '../record/digest.ts';

/** Stores an object. `digest` is that of its lines, whatever their order. */
export type Put = (body: Uint8Array, digest: string) => Promise<void>;

const compress = promisify(gzip);

/** Puts lines into gzipped objects, one at a time. After a failed put, every later call throws its error. */
export function createArchiveWriter(put: Put) {
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
