import { Readable } from 'node:stream';
import { GetObjectCommand, ListObjectsV2Command, S3Client, type S3ClientConfig } from '@aws-sdk/client-s3';
import { explainedAws } from '../aws.ts';

/** Where an object of the archive belongs, from its key: `flow/date/purge/batch.ndjson.gz`. */
export type ArchiveObject = { key: string; flow: string; purge: string };

export type Filter = { flows: readonly string[]; purge: string | undefined };

export type Bucket = {
  objects(filter: Filter): AsyncIterable<ArchiveObject>;
  open(key: string): Promise<Readable>;
  close(): void;
};

const KEY = /^([^/]+)\/\d{4}-\d\d-\d\d\/([^/]+)\/[^/]+\.ndjson\.gz$/;

/** Where an archive is: a bucket, and how S3 is spoken to there. */
export type Place = { bucket: string; s3: S3ClientConfig };

export function openBucket({ bucket: name, s3 }: Place): Bucket {
  // The bucket in the path: every endpoint understands that.
  const client = new S3Client({ ...s3, forcePathStyle: true });
  return {
    async *objects({ flows, purge }) {
      for (const prefix of flows.length === 0 ? [undefined] : new Set(flows.map((flow) => `${flow}/`)))
        for await (const key of keys(client, name, prefix)) {
          const [, flow, itsPurge] = KEY.exec(key) ?? [];
          if (flow && itsPurge && (purge === undefined || purge === itsPurge))
            yield { key, flow, purge: itsPurge };
        }
    },
    async open(key) {
      const { Body } = await client.send(new GetObjectCommand({ Bucket: name, Key: key }));
      if (!(Body instanceof Readable)) throw new Error('it has no content');
      return Body;
    },
    close: () => client.destroy(),
  };
}

async function* keys(client: S3Client, bucket: string, prefix: string | undefined): AsyncGenerator<string> {
  let token: string | undefined;
  do {
    const page = await list(client, bucket, prefix, token);
    for (const { Key } of page.Contents ?? []) if (Key) yield Key;
    const next = page.IsTruncated ? page.NextContinuationToken : undefined;
    if (next !== undefined && next === token) throw new Error('S3 gave the same page twice');
    token = next;
  } while (token !== undefined);
}

async function list(client: S3Client, bucket: string, prefix: string | undefined, token: string | undefined) {
  try {
    return await client.send(
      new ListObjectsV2Command({
        Bucket: bucket,
        ...(prefix && { Prefix: prefix }),
        ...(token && { ContinuationToken: token }),
      }),
    );
  } catch (error) {
    throw explainedAws(error, { NoSuchBucket: `There is no bucket ${bucket}.` });
  }
}
