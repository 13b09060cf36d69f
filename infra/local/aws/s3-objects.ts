import { createHash, randomUUID } from 'node:crypto';
import { AwsError } from './protocol.ts';
import type { Checksum } from './s3-body.ts';

/** Buckets, objects and uploads in parts, in memory. */

export type StoredObject = {
  key: string;
  bytes: Buffer;
  /** In quotes, as it travels. */
  etag: string;
  modifiedMs: number;
  /** content-type, content-encoding, x-amz-meta-… as they were given. */
  headers: Record<string, string>;
  checksum: Checksum | null;
};

type Upload = {
  key: string;
  headers: Record<string, string>;
  parts: Map<number, { bytes: Buffer; etag: string }>;
};
type Bucket = { objects: Map<string, StoredObject>; uploads: Map<string, Upload> };

/** S3 counts a part below it as too small, unless it is the last. */
const MIN_PART_BYTES = 5 * 1024 * 1024;

export class ObjectStore {
  private readonly buckets = new Map<string, Bucket>();
  private readonly now: () => number;

  constructor(bucketNames: readonly string[], now: () => number) {
    this.now = now;
    for (const name of bucketNames) this.createBucket(name);
  }

  createBucket(name: string): void {
    if (!this.buckets.has(name)) this.buckets.set(name, { objects: new Map(), uploads: new Map() });
  }

  bucket(name: string): Bucket {
    const bucket = this.buckets.get(name);
    if (!bucket) throw new AwsError(404, 'NoSuchBucket', 'The specified bucket does not exist');
    return bucket;
  }

  /** In the order of their keys' bytes, as S3 lists them. */
  list(bucketName: string): StoredObject[] {
    return [...this.bucket(bucketName).objects.values()].toSorted((a, b) =>
      Buffer.compare(Buffer.from(a.key), Buffer.from(b.key)),
    );
  }

  get(bucketName: string, key: string): StoredObject {
    const object = this.bucket(bucketName).objects.get(key);
    if (!object) throw new AwsError(404, 'NoSuchKey', 'The specified key does not exist.');
    return object;
  }

  put(
    bucketName: string,
    key: string,
    given: { bytes: Buffer; headers: Record<string, string>; checksum: Checksum | null; onlyIfNew: boolean },
  ): StoredObject {
    const { bytes, headers, checksum, onlyIfNew } = given;
    const { objects } = this.bucket(bucketName);
    if (onlyIfNew && objects.has(key))
      throw new AwsError(
        412,
        'PreconditionFailed',
        'At least one of the pre-conditions you specified did not hold',
      );
    const object = { key, bytes, etag: quote(md5(bytes)), modifiedMs: this.now(), headers, checksum };
    objects.set(key, object);
    return object;
  }

  delete(bucketName: string, key: string): void {
    this.bucket(bucketName).objects.delete(key);
  }

  beginUpload(bucketName: string, key: string, headers: Record<string, string>): string {
    const id = randomUUID();
    this.bucket(bucketName).uploads.set(id, { key, headers, parts: new Map() });
    return id;
  }

  putPart(bucketName: string, uploadId: string, number: number, bytes: Buffer): string {
    const etag = quote(md5(bytes));
    this.upload(bucketName, uploadId).parts.set(number, { bytes, etag });
    return etag;
  }

  completeUpload(
    bucketName: string,
    uploadId: string,
    named: { number: number; etag: string }[],
  ): StoredObject {
    const { key, headers, parts } = this.upload(bucketName, uploadId);
    const taken = named.map(({ number, etag }, index) => {
      const part = parts.get(number);
      if (!part || unquote(part.etag) !== unquote(etag))
        throw new AwsError(400, 'InvalidPart', 'One or more of the specified parts could not be found.');
      if (index < named.length - 1 && part.bytes.length < MIN_PART_BYTES)
        throw new AwsError(
          400,
          'EntityTooSmall',
          'Your proposed upload is smaller than the minimum allowed size',
        );
      return part.bytes;
    });
    if (taken.length === 0) throw new AwsError(400, 'MalformedXML', 'An upload is completed with its parts');
    const digests = Buffer.concat(taken.map((bytes) => createHash('md5').update(bytes).digest()));
    const object = {
      key,
      bytes: Buffer.concat(taken),
      etag: quote(`${md5(digests)}-${taken.length}`),
      modifiedMs: this.now(),
      headers,
      checksum: null,
    };
    const { objects, uploads } = this.bucket(bucketName);
    objects.set(key, object);
    uploads.delete(uploadId);
    return object;
  }

  abortUpload(bucketName: string, uploadId: string): void {
    this.upload(bucketName, uploadId);
    this.bucket(bucketName).uploads.delete(uploadId);
  }

  private upload(bucketName: string, uploadId: string): Upload {
    const upload = this.bucket(bucketName).uploads.get(uploadId);
    if (!upload) throw new AwsError(404, 'NoSuchUpload', 'The specified multipart upload does not exist.');
    return upload;
  }
}

const md5 = (bytes: Uint8Array) => createHash('md5').update(bytes).digest('hex');
const quote = (text: string) => `"${text}"`;
const unquote = (text: string) => text.replaceAll('"', '');
