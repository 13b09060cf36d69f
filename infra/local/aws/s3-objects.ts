import { createHash } from 'node:crypto';
import { AwsError } from './protocol.ts';

export type StoredObject = {
  key: string;
  bytes: Buffer;
  /** With its quotes, as S3 sends it. */
  etag: string;
  modifiedMs: number;
  /** Type, encoding, metadata and checksum, as they came with the object. */
  headers: Record<string, string>;
};

/** Keeps buckets and their objects in memory. */
export class ObjectStore {
  readonly #buckets = new Map<string, Map<string, StoredObject>>();
  readonly #now: () => number;

  constructor(buckets: readonly string[], now: () => number) {
    this.#now = now;
    for (const bucket of buckets) this.createBucket(bucket);
  }

  createBucket(bucket: string): void {
    if (!this.#buckets.has(bucket)) this.#buckets.set(bucket, new Map());
  }

  put(bucket: string, key: string, given: Pick<StoredObject, 'bytes' | 'headers'>): StoredObject {
    const etag = `"${createHash('md5').update(given.bytes).digest('hex')}"`;
    const object = { ...given, key, etag, modifiedMs: this.#now() };
    this.#objects(bucket).set(key, object);
    return object;
  }

  get(bucket: string, key: string): StoredObject {
    const object = this.#objects(bucket).get(key);
    if (!object) throw new AwsError(404, 'NoSuchKey', 'The specified key does not exist.');
    return object;
  }

  /** Lists the objects in the order of their keys' bytes, as S3 does. */
  list(bucket: string): StoredObject[] {
    return [...this.#objects(bucket).values()].toSorted((a, b) =>
      Buffer.compare(Buffer.from(a.key), Buffer.from(b.key)),
    );
  }

  #objects(bucket: string): Map<string, StoredObject> {
    const objects = this.#buckets.get(bucket);
    if (!objects) throw new AwsError(404, 'NoSuchBucket', 'The specified bucket does not exist');
    return objects;
  }
}
