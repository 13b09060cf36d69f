import { type Clock, realClock } from '../clock.ts';
import type { Exchange, Listening, Reply } from '../http.ts';
import { AwsError, REGION, startStandIn, unsupported } from './protocol.ts';
import { readObjectBody } from './s3-body.ts';
import { ObjectStore, type StoredObject } from './s3-objects.ts';

const MAX_BODY_BYTES = 64 * 1024 * 1024;
const MAX_KEYS = 1_000;
const KEPT_HEADERS = /^(?:content-(?:type|encoding|disposition|language)|cache-control|x-amz-meta-.+)$/;
/** Headers that change what an operation means. */
const UNSUPPORTED_HEADERS = ['range', 'x-amz-copy-source', 'if-match', 'if-none-match', 'if-modified-since'];
/** `x-id` names the operation; the others belong to ListObjectsV2. */
const OBJECT_PARAMETERS = ['x-id'];
const BUCKET_PARAMETERS = [
  ...OBJECT_PARAMETERS,
  'list-type',
  'prefix',
  'max-keys',
  'start-after',
  'continuation-token',
  'encoding-type',
];

export type S3StandIn = Listening & { store: ObjectStore };

/**
 * Starts a stand-in for S3, with the bucket in the path: PutObject, GetObject, HeadObject and ListObjectsV2,
 * and for the start on an emulator HeadBucket and CreateBucket.
 */
export async function startS3(options: { buckets: readonly string[]; clock?: Clock }): Promise<S3StandIn> {
  const clock = options.clock ?? realClock;
  const store = new ObjectStore(options.buckets, () => clock.now());
  const server = await startStandIn({
    maxBodyBytes: MAX_BODY_BYTES,
    errorReply,
    answer: (exchange) => answer(store, exchange),
  });
  return { ...server, store };
}

function answer(store: ObjectStore, exchange: Exchange): Reply {
  const { method, path, query, headers } = exchange;
  const [bucket = '', ...keyParts] = path.slice(1).split('/').map(decodeURIComponent);
  const key = keyParts.join('/');
  const parameters = key === '' ? BUCKET_PARAMETERS : OBJECT_PARAMETERS;
  const odd =
    [...query.keys()].find((name) => !parameters.includes(name)) ??
    UNSUPPORTED_HEADERS.find((name) => headers[name] !== undefined);
  if (odd !== undefined) throw notImplemented(`${method} with ${odd}`);
  switch (`${method} ${key === '' ? 'bucket' : 'object'}`) {
    case 'PUT object':
      return putObject(store, bucket, key, exchange);
    case 'GET object':
    case 'HEAD object':
      return objectReply(store.get(bucket, key), headers);
    case 'GET bucket':
      if (query.get('list-type') !== '2') throw notImplemented('ListObjects');
      return xmlReply(200, 'ListBucketResult', listing(bucket, store.list(bucket), query));
    case 'HEAD bucket':
      store.list(bucket);
      return { status: 200, headers: { 'x-amz-bucket-region': REGION } };
    case 'PUT bucket':
      store.createBucket(bucket);
      return { status: 200, headers: { location: `/${bucket}` } };
    default:
      throw notImplemented(method);
  }
}

function putObject(store: ObjectStore, bucket: string, key: string, exchange: Exchange): Reply {
  const { bytes, checksums } = readObjectBody(exchange);
  const headers: Record<string, string> = { ...checksums };
  for (const [name, value] of Object.entries(exchange.headers)) {
    if (typeof value !== 'string' || !KEPT_HEADERS.test(name)) continue;
    // `aws-chunked` is how the body was sent, not a property of the object.
    const meant =
      name === 'content-encoding' ? value.replace(/^aws-chunked(?:,|$)|,aws-chunked$/, '') : value;
    if (meant !== '') headers[name] = meant;
  }
  const { etag } = store.put(bucket, key, { bytes, headers });
  return { status: 200, headers: { etag, ...checksums } };
}

function objectReply(object: StoredObject, asked: Exchange['headers']): Reply {
  const withChecksums = asked['x-amz-checksum-mode'] === 'ENABLED';
  const headers = Object.entries(object.headers).filter(
    ([name]) => withChecksums || !name.startsWith('x-amz-checksum-'),
  );
  return {
    status: 200,
    headers: {
      'content-type': 'application/octet-stream',
      ...Object.fromEntries(headers),
      etag: object.etag,
      'last-modified': new Date(object.modifiedMs).toUTCString(),
    },
    body: object.bytes,
  };
}

/** `objects` are in the order of their keys. */
function listing(bucket: string, objects: StoredObject[], query: URLSearchParams): string[] {
  const prefix = query.get('prefix') ?? '';
  const maxKeys = Math.min(Number(query.get('max-keys') ?? MAX_KEYS), MAX_KEYS);
  if (!Number.isInteger(maxKeys) || maxKeys < 0)
    throw new AwsError(400, 'InvalidArgument', 'Argument max-keys must be an integer of at least 0');
  const token = query.get('continuation-token');
  const after = token === null ? (query.get('start-after') ?? '') : Buffer.from(token, 'base64').toString();
  const isEncoded = query.get('encoding-type') === 'url';
  const show = (key: string) => (isEncoded ? encodeURIComponent(key).replaceAll('%2F', '/') : key);

  const left = objects.filter(({ key }) => key.startsWith(prefix) && key > after);
  const page = left.slice(0, maxKeys);
  const last = page.at(-1);
  const hasMore = left.length > page.length && last !== undefined;
  return [
    element('Name', bucket),
    element('Prefix', show(prefix)),
    ...(isEncoded ? [element('EncodingType', 'url')] : []),
    element('MaxKeys', maxKeys),
    element('KeyCount', page.length),
    element('IsTruncated', hasMore),
    ...(hasMore ? [element('NextContinuationToken', Buffer.from(last.key).toString('base64'))] : []),
    ...page.map(({ key, modifiedMs, etag, bytes }) =>
      element('Contents', [
        element('Key', show(key)),
        element('LastModified', new Date(modifiedMs).toISOString()),
        element('ETag', etag),
        element('Size', bytes.length),
        element('StorageClass', 'STANDARD'),
      ]),
    ),
  ];
}

function notImplemented(what: string): AwsError {
  return unsupported(501, 'NotImplemented', what);
}

function errorReply({ status, code, message }: AwsError): Reply {
  return xmlReply(status, 'Error', [element('Code', code), element('Message', message)]);
}

function xmlReply(status: number, root: string, content: string[]): Reply {
  const namespace = root === 'Error' ? '' : ' xmlns="http://s3.amazonaws.com/doc/2006-03-01/"';
  return {
    status,
    headers: { 'content-type': 'application/xml' },
    body: `<?xml version="1.0" encoding="UTF-8"?>\n<${root}${namespace}>${content.join('')}</${root}>`,
  };
}

function element(name: string, content: string | number | boolean | string[]): string {
  const inside = Array.isArray(content)
    ? content.join('')
    : String(content)
        .replaceAll('&', '&amp;')
        .replaceAll('<', '&lt;')
        .replaceAll('>', '&gt;')
        .replaceAll('"', '&quot;');
  return `<${name}>${inside}</${name}>`;
}
