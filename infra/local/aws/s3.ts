import { randomUUID } from 'node:crypto';
import { type Clock, realClock } from '../clock.ts';
import { type Exchange, type Listening, listen, type Reply } from '../http.ts';
import { AwsError, requireSignature } from './protocol.ts';
import { bodyOf } from './s3-body.ts';
import { listing } from './s3-list.ts';
import { ObjectStore, type StoredObject } from './s3-objects.ts';
import { element, partsOf, xmlReply } from './xml.ts';

/** A stand-in for S3: objects, listings and uploads in parts, addressed by path or by virtual host. */

const MAX_BODY_BYTES = 64 * 1024 * 1024;
const KEPT_HEADERS =
  /^(?:content-type|content-encoding|content-disposition|content-language|cache-control|x-amz-meta-.+)$/;

export type S3StandIn = Listening & { store: ObjectStore };

type Target = { bucket: string; key: string };

export async function startS3(options: { buckets: readonly string[]; clock?: Clock }): Promise<S3StandIn> {
  const clock = options.clock ?? realClock;
  const store = new ObjectStore(options.buckets, () => clock.now());
  const server = await listen({
    maxBodyBytes: MAX_BODY_BYTES,
    tooLarge: errorReply(
      new AwsError(400, 'EntityTooLarge', 'Your proposed upload exceeds the maximum allowed size'),
    ),
    answer: async (exchange) => {
      try {
        requireSignature(exchange.headers, exchange.query);
        const reply = answer(store, exchange, targetOf(exchange));
        return { ...reply, headers: { 'x-amz-request-id': randomUUID(), ...reply.headers } };
      } catch (error) {
        if (error instanceof AwsError) return errorReply(error);
        throw error;
      }
    },
  });
  return { ...server, store };
}

/** `http://bucket.host/key` or `http://host/bucket/key`. */
function targetOf({ headers, path }: Exchange): Target {
  const segments = path.slice(1).split('/').map(decodeURIComponent);
  const host = String(headers.host ?? '').replace(/:\d+$/, '');
  const bucketOfHost = /^(.+)\.(?:localhost|127\.0\.0\.1)$/.exec(host)?.[1];
  if (bucketOfHost !== undefined) return { bucket: bucketOfHost, key: segments.join('/') };
  const [bucket = '', ...key] = segments;
  return { bucket, key: key.join('/') };
}

function answer(store: ObjectStore, exchange: Exchange, { bucket, key }: Target): Reply {
  const { method, query } = exchange;
  if (key === '') return bucketAnswer(store, exchange, bucket);
  const uploadId = query.get('uploadId');
  if (uploadId !== null || query.has('uploads'))
    return uploadAnswer(store, exchange, { bucket, key }, uploadId ?? '');
  switch (method) {
    case 'PUT': {
      const { bytes, checksum } = bodyOf(exchange);
      const object = store.put(bucket, key, {
        bytes,
        headers: keptHeaders(exchange),
        checksum,
        onlyIfNew: exchange.headers['if-none-match'] === '*',
      });
      return { status: 200, headers: { etag: object.etag, ...checksumHeader(object) } };
    }
    case 'GET':
    case 'HEAD':
      return objectReply(store.get(bucket, key), exchange);
    case 'DELETE':
      store.delete(bucket, key);
      return { status: 204 };
    default:
      throw notAllowed(method);
  }
}

function bucketAnswer(store: ObjectStore, { method, query }: Exchange, bucket: string): Reply {
  if (method === 'PUT') {
    store.createBucket(bucket);
    return { status: 200, headers: { location: `/${bucket}` } };
  }
  store.bucket(bucket);
  if (method === 'HEAD') return { status: 200, headers: { 'x-amz-bucket-region': 'us-east-1' } };
  if (method !== 'GET' || query.get('list-type') !== '2') throw notAllowed(method);
  return xmlReply(200, 'ListBucketResult', listing(bucket, store.list(bucket), query));
}

function uploadAnswer(
  store: ObjectStore,
  exchange: Exchange,
  { bucket, key }: Target,
  uploadId: string,
): Reply {
  switch (exchange.method) {
    case 'POST': {
      if (uploadId === '') {
        const id = store.beginUpload(bucket, key, keptHeaders(exchange));
        return xmlReply(200, 'InitiateMultipartUploadResult', [
          element('Bucket', bucket),
          element('Key', key),
          element('UploadId', id),
        ]);
      }
      const object = store.completeUpload(bucket, uploadId, partsOf(exchange.body.toString()));
      return xmlReply(200, 'CompleteMultipartUploadResult', [
        element('Location', `/${bucket}/${key}`),
        element('Bucket', bucket),
        element('Key', key),
        element('ETag', object.etag),
      ]);
    }
    case 'PUT': {
      const { bytes, checksum } = bodyOf(exchange);
      const etag = store.putPart(bucket, uploadId, Number(exchange.query.get('partNumber')), bytes);
      return { status: 200, headers: { etag, ...(checksum && { [checksum.header]: checksum.value }) } };
    }
    case 'DELETE':
      store.abortUpload(bucket, uploadId);
      return { status: 204 };
    default:
      throw notAllowed(exchange.method);
  }
}

function objectReply(object: StoredObject, { headers }: Exchange): Reply {
  const whole = object.bytes.length;
  const common = {
    'content-type': 'application/octet-stream',
    ...object.headers,
    etag: object.etag,
    'last-modified': new Date(object.modifiedMs).toUTCString(),
    'accept-ranges': 'bytes',
  };
  const range = /^bytes=(\d*)-(\d*)$/.exec(headers.range ?? '');
  if (!range) {
    const checksum = headers['x-amz-checksum-mode'] === 'ENABLED' ? checksumHeader(object) : {};
    return { status: 200, headers: { ...common, ...checksum }, body: object.bytes };
  }
  const [, first = '', last = ''] = range;
  const from = first === '' ? Math.max(0, whole - Number(last)) : Number(first);
  const to = first === '' || last === '' ? whole - 1 : Math.min(Number(last), whole - 1);
  if (from > to) throw new AwsError(416, 'InvalidRange', 'The requested range is not satisfiable');
  return {
    status: 206,
    headers: { ...common, 'content-range': `bytes ${from}-${to}/${whole}` },
    body: object.bytes.subarray(from, to + 1),
  };
}

function checksumHeader({ checksum }: StoredObject): Record<string, string> {
  return checksum ? { [checksum.header]: checksum.value } : {};
}

/** `aws-chunked` is how the body travelled, and no property of the object. */
function keptHeaders({ headers }: Exchange): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (typeof value !== 'string' || !KEPT_HEADERS.test(name)) continue;
    const meant = name === 'content-encoding' ? withoutChunking(value) : value;
    if (meant !== '') kept[name] = meant;
  }
  return kept;
}

function withoutChunking(encodings: string): string {
  return encodings
    .split(',')
    .map((encoding) => encoding.trim())
    .filter((encoding) => encoding !== '' && encoding !== 'aws-chunked')
    .join(',');
}

function notAllowed(method: string): AwsError {
  return new AwsError(405, 'MethodNotAllowed', `The stand-in for S3 knows no such ${method}`);
}

function errorReply({ status, code, message }: AwsError): Reply {
  return xmlReply(status, 'Error', [
    element('Code', code),
    element('Message', message),
    element('RequestId', randomUUID()),
  ]);
}
