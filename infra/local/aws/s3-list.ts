import { AwsError } from './protocol.ts';
import type { StoredObject } from './s3-objects.ts';
import { element, type Xml } from './xml.ts';

/** ListObjectsV2: prefix, delimiter, pages. */

const MAX_KEYS = 1_000;
const DEFAULT_STORAGE_CLASS = 'STANDARD';

type Entry = { name: string; object: StoredObject | null };

/** `objects` in the order of their keys. */
export function listing(bucket: string, objects: StoredObject[], query: URLSearchParams): Xml {
  const prefix = query.get('prefix') ?? '';
  const delimiter = query.get('delimiter') ?? '';
  const maxKeys = Math.min(Number(query.get('max-keys') ?? MAX_KEYS), MAX_KEYS);
  if (!Number.isInteger(maxKeys) || maxKeys < 0) throw new AwsError(400, 'InvalidArgument', 'max-keys');
  const after = decodeToken(query.get('continuation-token')) ?? query.get('start-after') ?? '';
  const show = query.get('encoding-type') === 'url' ? encodeKey : (key: string) => key;

  const entries = entriesOf(objects, prefix, delimiter).filter(({ name }) => name > after);
  const page = entries.slice(0, maxKeys);
  const last = page.at(-1);
  const more = entries.length > page.length && last !== undefined;
  return [
    element('Name', bucket),
    element('Prefix', show(prefix)),
    ...(delimiter === '' ? [] : [element('Delimiter', delimiter)]),
    ...(query.get('encoding-type') === 'url' ? [element('EncodingType', 'url')] : []),
    element('MaxKeys', maxKeys),
    element('KeyCount', page.length),
    element('IsTruncated', more),
    ...(more ? [element('NextContinuationToken', Buffer.from(last.name).toString('base64'))] : []),
    ...page.map(({ name, object }) =>
      object
        ? element('Contents', [
            element('Key', show(name)),
            element('LastModified', new Date(object.modifiedMs).toISOString()),
            element('ETag', object.etag),
            element('Size', object.bytes.length),
            element('StorageClass', DEFAULT_STORAGE_CLASS),
          ])
        : element('CommonPrefixes', [element('Prefix', show(name))]),
    ),
  ];
}

/** Keys that share everything up to the delimiter are one entry. */
function entriesOf(objects: StoredObject[], prefix: string, delimiter: string): Entry[] {
  const entries = new Map<string, Entry>();
  for (const object of objects) {
    if (!object.key.startsWith(prefix)) continue;
    const end = delimiter === '' ? -1 : object.key.indexOf(delimiter, prefix.length);
    const name = end < 0 ? object.key : object.key.slice(0, end + delimiter.length);
    if (!entries.has(name)) entries.set(name, { name, object: end < 0 ? object : null });
  }
  return [...entries.values()];
}

function decodeToken(token: string | null): string | undefined {
  return token === null ? undefined : Buffer.from(token, 'base64').toString();
}

/** As S3 encodes keys for `encoding-type=url`: slashes stay. */
function encodeKey(key: string): string {
  return encodeURIComponent(key).replaceAll('%2F', '/');
}
