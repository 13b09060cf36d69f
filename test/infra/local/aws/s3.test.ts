import { Readable } from 'node:stream';
import {
  ChecksumAlgorithm,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  GetObjectTaggingCommand,
  HeadObjectCommand,
  ListObjectsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type PutObjectCommandInput,
  S3Client,
} from '@aws-sdk/client-s3';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type S3StandIn, startS3 } from '../../../../infra/local/aws/s3.ts';
import { clientOf } from '../../../support/aws-client.ts';

const Bucket = 'archive';

let s3: S3StandIn;
let client: S3Client;

beforeEach(async () => {
  s3 = await startS3({ buckets: [Bucket] });
  client = new S3Client(clientOf(s3.url));
});
afterEach(async () => {
  client.destroy();
  await s3.close();
});

const put = (
  Key: string,
  Body: NonNullable<PutObjectCommandInput['Body']>,
  more: Partial<PutObjectCommandInput> = {},
) => client.send(new PutObjectCommand({ Bucket, Key, Body, ...more }));

async function get(Key: string): Promise<string> {
  const { Body } = await client.send(new GetObjectCommand({ Bucket, Key }));
  return (await Body?.transformToString()) ?? '';
}

describe('an object', () => {
  test('comes back as it was put, with its type, encoding and metadata', async () => {
    const key = 'welcome/2026-01-01/purge & more/ä.ndjson.gz';
    await put(key, 'content', { ContentType: 'a/b', ContentEncoding: 'gzip', Metadata: { slice: '1' } });
    expect(await get(key)).toBe('content');
    const head = await client.send(new HeadObjectCommand({ Bucket, Key: key }));
    expect(head).toMatchObject({
      ContentLength: 7,
      ContentType: 'a/b',
      ContentEncoding: 'gzip',
      Metadata: { slice: '1' },
      ETag: '"9a0364b9e99bb480dd25e1f0284c8555"',
    });
    expect(head.LastModified).toBeInstanceOf(Date);
  });

  test('may be a stream, which the SDK sends in chunks with a checksum behind them', async () => {
    await put('stream', Readable.from([Buffer.from('one '), Buffer.from('two')]), {
      ContentLength: 7,
      ContentEncoding: 'gzip',
    });
    expect(await get('stream')).toBe('one two');
    expect((await client.send(new HeadObjectCommand({ Bucket, Key: 'stream' }))).ContentEncoding).toBe(
      'gzip',
    );
  });

  test.each([ChecksumAlgorithm.CRC32, ChecksumAlgorithm.SHA1, ChecksumAlgorithm.SHA256])(
    'is checked against its %s',
    async (ChecksumAlgorithm) => {
      await put('checked', 'content', { ChecksumAlgorithm });
      expect(await get('checked')).toBe('content');
    },
  );

  test('with a checksum that does not match is refused', async () => {
    await expect(put('wrong', 'content', { ChecksumCRC32: 'AAAAAA==' })).rejects.toMatchObject({
      name: 'BadDigest',
    });
    await expect(get('wrong')).rejects.toMatchObject({ name: 'NoSuchKey' });
  });

  test('in an unknown bucket is refused', async () => {
    await expect(
      client.send(new PutObjectCommand({ Bucket: 'other', Key: 'x', Body: 'x' })),
    ).rejects.toMatchObject({
      name: 'NoSuchBucket',
    });
  });
});

describe('a listing', () => {
  test('goes in pages, in the order of the keys', async () => {
    for (const key of ['b/2', 'a/1', 'b/10', 'c/1', 'b/1']) await put(key, 'x');
    const keys: string[] = [];
    let ContinuationToken: string | undefined;
    do {
      const page = await client.send(
        new ListObjectsV2Command({
          Bucket,
          Prefix: 'b/',
          MaxKeys: 2,
          ...(ContinuationToken && { ContinuationToken }),
        }),
      );
      keys.push(...(page.Contents ?? []).map(({ Key = '' }) => Key));
      ContinuationToken = page.NextContinuationToken;
    } while (ContinuationToken);
    expect(keys).toEqual(['b/1', 'b/10', 'b/2']);
  });

  test('copes with any key', async () => {
    await put('b & <c>/1', 'x');
    const page = await client.send(new ListObjectsV2Command({ Bucket, Prefix: 'b &', EncodingType: 'url' }));
    expect(page).toMatchObject({
      KeyCount: 1,
      Prefix: 'b%20%26',
      Contents: [{ Key: 'b%20%26%20%3Cc%3E/1' }],
    });
  });
});

describe('what no function and no npm script calls', () => {
  test.each([
    ['a part of an object', new GetObjectCommand({ Bucket, Key: 'x', Range: 'bytes=2-4' })],
    ['a write on a condition', new PutObjectCommand({ Bucket, Key: 'x', Body: 'y', IfNoneMatch: '*' })],
    ['a delete', new DeleteObjectCommand({ Bucket, Key: 'x' })],
    ['tags', new GetObjectTaggingCommand({ Bucket, Key: 'x' })],
    ['an upload in parts', new CreateMultipartUploadCommand({ Bucket, Key: 'x' })],
    ['a list by a delimiter', new ListObjectsV2Command({ Bucket, Delimiter: '/' })],
    ['the older list', new ListObjectsCommand({ Bucket })],
  ])('is refused as not supported: %s', async (_what, command) => {
    await put('x', 'unchanged');
    // biome-ignore lint/suspicious/noExplicitAny: the client has an overload for each command and none for all.
    await expect(client.send(command as any)).rejects.toMatchObject({
      name: 'NotImplemented',
      message: expect.stringContaining('This stand-in does not support '),
      $metadata: { httpStatusCode: 501 },
    });
    expect(await get('x')).toBe('unchanged');
  });
});
