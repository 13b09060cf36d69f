import { request } from 'node:http';
import { Readable } from 'node:stream';
import {
  AbortMultipartUploadCommand,
  ChecksumAlgorithm,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type PutObjectCommandInput,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type S3StandIn, startS3 } from '../../../../infra/local/aws/s3.ts';
import { clientOf } from '../../../support/aws-client.ts';

const Bucket = 'archive';
const PART_BYTES = 5 * 1024 * 1024;

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

async function get(Key: string, Range?: string): Promise<string> {
  const { Body } = await client.send(new GetObjectCommand({ Bucket, Key, ...(Range && { Range }) }));
  return (await Body?.transformToString()) ?? '';
}

/** By hand: not every resolver knows names below localhost, which virtual-host addressing needs. */
function statusOf(path: string, host = '127.0.0.1'): Promise<number | undefined> {
  const headers = { host, authorization: 'AWS4-HMAC-SHA256 Credential=local' };
  return new Promise((resolve, reject) => {
    request(`${s3.url}${path}`, { headers }, (response) => {
      response.resume().on('end', () => resolve(response.statusCode));
    })
      .on('error', reject)
      .end();
  });
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

  test('may be read in part', async () => {
    await put('range', '0123456789');
    expect(await get('range', 'bytes=2-4')).toBe('234');
    expect(await get('range', 'bytes=-3')).toBe('789');
    await expect(get('range', 'bytes=20-30')).rejects.toMatchObject({ name: 'InvalidRange' });
  });

  test('is put once under If-None-Match: *', async () => {
    await put('once', 'first', { IfNoneMatch: '*' });
    await expect(put('once', 'second', { IfNoneMatch: '*' })).rejects.toMatchObject({
      name: 'PreconditionFailed',
    });
    expect(await get('once')).toBe('first');
  });

  test('is gone after a delete, and a second delete is fine', async () => {
    await put('gone', 'x');
    for (let times = 0; times < 2; times++)
      await client.send(new DeleteObjectCommand({ Bucket, Key: 'gone' }));
    await expect(client.send(new HeadObjectCommand({ Bucket, Key: 'gone' }))).rejects.toMatchObject({
      name: 'NotFound',
    });
  });

  test('is reached by path and by virtual host alike', async () => {
    await put('both', 'x');
    expect(await statusOf('/archive/both')).toBe(200);
    expect(await statusOf('/both', 'archive.localhost')).toBe(200);
    expect(await statusOf('/both', 'other.localhost')).toBe(404);
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

  test('groups by a delimiter and copes with any key', async () => {
    for (const key of ['a/1', 'a/2', 'b & <c>/1', 'top']) await put(key, 'x');
    const page = await client.send(new ListObjectsV2Command({ Bucket, Delimiter: '/' }));
    expect(page.CommonPrefixes?.map(({ Prefix }) => Prefix)).toEqual(['a/', 'b & <c>/']);
    expect(page.Contents?.map(({ Key }) => Key)).toEqual(['top']);
    expect(page.KeyCount).toBe(3);
  });
});

describe('an upload in parts', () => {
  test('becomes one object', async () => {
    const { UploadId } = await client.send(
      new CreateMultipartUploadCommand({ Bucket, Key: 'big', ContentType: 'a/b' }),
    );
    const upload = async (PartNumber: number, Body: Buffer) => {
      const { ETag } = await client.send(
        new UploadPartCommand({ Bucket, Key: 'big', UploadId, PartNumber, Body }),
      );
      return { PartNumber, ETag };
    };
    const Parts = [await upload(1, Buffer.alloc(PART_BYTES, 'a')), await upload(2, Buffer.from('end'))];
    const { ETag } = await client.send(
      new CompleteMultipartUploadCommand({ Bucket, Key: 'big', UploadId, MultipartUpload: { Parts } }),
    );
    expect(ETag).toMatch(/^"[0-9a-f]{32}-2"$/);
    const head = await client.send(new HeadObjectCommand({ Bucket, Key: 'big' }));
    expect(head).toMatchObject({ ContentLength: PART_BYTES + 3, ContentType: 'a/b' });
    expect(await get('big', 'bytes=-4')).toBe('aend');
  });

  test('refuses a part that was never uploaded or is too small, and can be given up', async () => {
    const { UploadId } = await client.send(new CreateMultipartUploadCommand({ Bucket, Key: 'big' }));
    const { ETag } = await client.send(
      new UploadPartCommand({ Bucket, Key: 'big', UploadId, PartNumber: 1, Body: 'small' }),
    );
    const complete = (...numbers: number[]) =>
      client.send(
        new CompleteMultipartUploadCommand({
          Bucket,
          Key: 'big',
          UploadId,
          MultipartUpload: { Parts: numbers.map((PartNumber) => ({ PartNumber, ETag })) },
        }),
      );
    await expect(complete(2)).rejects.toMatchObject({ name: 'InvalidPart' });
    await expect(complete(1, 1)).rejects.toMatchObject({ name: 'EntityTooSmall' });
    await client.send(new AbortMultipartUploadCommand({ Bucket, Key: 'big', UploadId }));
    await expect(complete(1)).rejects.toMatchObject({ name: 'NoSuchUpload' });
  });
});
