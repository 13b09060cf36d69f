import { once } from 'node:events';
import { PassThrough, Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { GetObjectCommand, paginateListObjectsV2, S3Client, type S3ClientConfig } from '@aws-sdk/client-s3';
import { explainedAws } from '../aws.ts';

/**
 * The objects of one slice, newest first, with keys like `flow/date/purge/slice-1a.ndjson.gz`. A slice has
 * several when a worker crashed, or two workers ran at once.
 */
export type ArchiveSlice = { flow: string; purge: string; keys: string[] };

type Filter = { flows: readonly string[]; purge: string | undefined };

export type Bucket = ReturnType<typeof openBucket>;

const KEY = /^(([^/]+)\/\d{4}-\d\d-\d\d\/([^/]+)\/[^/]+?)(?:-[0-9a-f]+)?\.ndjson\.gz$/;

/** Where an archive is: the bucket, and the settings of its S3 client. */
export type Place = { bucket: string; s3: S3ClientConfig };

export function openBucket({ bucket: name, s3 }: Place) {
  // All S3 endpoints support the bucket in the path.
  const client = new S3Client({ ...s3, forcePathStyle: true });
  return {
    async *slices({ flows, purge }: Filter): AsyncIterable<ArchiveSlice> {
      for (const prefix of flows.length === 0 ? [undefined] : new Set(flows.map((flow) => `${flow}/`)))
        for await (const slice of slicesOf(listed(client, name, prefix)))
          if (purge === undefined || purge === slice.purge) yield slice;
    },
    /** Hands each line of an object to `use`. Throws if it is broken. */
    async eachLine(key: string, use: (line: string) => Promise<void>): Promise<void> {
      const { Body } = await client.send(new GetObjectCommand({ Bucket: name, Key: key }));
      if (!(Body instanceof Readable)) throw new Error('it has no content');
      await eachLine(Body, use);
    },
    close: () => client.destroy(),
  };
}

/** Groups objects by slice. Objects of one slice are adjacent in the list. */
async function* slicesOf(objects: AsyncIterable<Listed>): AsyncGenerator<ArchiveSlice> {
  let slice: { name: string; flow: string; purge: string; objects: Listed[] } | undefined;
  const whole = ({ flow, purge, objects: all }: NonNullable<typeof slice>): ArchiveSlice => ({
    flow,
    purge,
    keys: all.toSorted((a, b) => b.modifiedMs - a.modifiedMs).map(({ key }) => key),
  });
  for await (const object of objects) {
    const [, name, flow, purge] = KEY.exec(object.key) ?? [];
    if (!name || !flow || !purge) continue;
    if (slice?.name === name) slice.objects.push(object);
    else {
      if (slice) yield whole(slice);
      slice = { name, flow, purge, objects: [object] };
    }
  }
  if (slice) yield whole(slice);
}

type Listed = { key: string; modifiedMs: number };

async function* listed(client: S3Client, Bucket: string, Prefix: string | undefined): AsyncGenerator<Listed> {
  let token: string | undefined;
  try {
    for await (const page of paginateListObjectsV2({ client }, { Bucket, Prefix })) {
      const { Contents = [], NextContinuationToken: next } = page;
      if (next !== undefined && next === token) throw new Error('S3 gave the same page twice');
      token = next;
      for (const { Key, LastModified } of Contents)
        if (Key) yield { key: Key, modifiedMs: LastModified?.getTime() ?? 0 };
    }
  } catch (error) {
    throw explainedAws(error, { NoSuchBucket: `There is no bucket ${Bucket}.` });
  }
}

/** The first byte of gzipped data. JSON never begins with it. */
const GZIP = 0x1f;

/**
 * Passes each line of a gzipped text to `use`, one after the other, with flat memory. Throws if the text is
 * truncated or damaged. Accepts plain text too, because some endpoints decompress objects.
 */
export async function eachLine(body: Readable, use: (line: string) => Promise<void>): Promise<void> {
  await once(body, 'readable');
  const beginning: Buffer | null = body.read();
  if (beginning === null) throw new Error('it is empty');
  body.unshift(beginning);
  const unpack = beginning[0] === GZIP ? createGunzip() : new PassThrough();
  await pipeline(body, unpack.setEncoding('utf8'), async (text: AsyncIterable<string>) => {
    let rest = '';
    for await (const chunk of text) {
      const lines = `${rest}${chunk}`.split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) await use(line);
    }
    if (rest !== '') await use(rest);
  });
}
