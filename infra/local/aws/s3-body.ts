import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import type { Exchange } from '../http.ts';
import { AwsError } from './protocol.ts';

/**
 * What the SDK really sends as an object's body: plain, or in `aws-chunked` pieces with a checksum behind
 * them. A checksum that does not match is refused, as S3 refuses it.
 */

/** A checksum that came with the body, under the header's name, e.g. `x-amz-checksum-crc32`. */
export type Checksum = { header: string; value: string };

const CHECKSUMS: Record<string, (bytes: Uint8Array) => Buffer> = {
  'x-amz-checksum-crc32': (bytes) => {
    const sum = Buffer.alloc(4);
    sum.writeUInt32BE(crc32(bytes));
    return sum;
  },
  'x-amz-checksum-sha1': (bytes) => createHash('sha1').update(bytes).digest(),
  'x-amz-checksum-sha256': (bytes) => createHash('sha256').update(bytes).digest(),
  'content-md5': (bytes) => createHash('md5').update(bytes).digest(),
};

/** Throws an AwsError for a broken chunk, a wrong length or a checksum that does not match. */
export function bodyOf({ headers, body }: Exchange): { bytes: Buffer; checksum: Checksum | null } {
  const chunked = String(headers['x-amz-content-sha256'] ?? '').startsWith('STREAMING-');
  const { bytes, trailers } = chunked ? unchunk(body) : { bytes: body, trailers: {} };
  const expected = headers['x-amz-decoded-content-length'];
  if (expected !== undefined && Number(expected) !== bytes.length)
    throw new AwsError(400, 'IncompleteBody', 'The body has another length than was announced');
  let checksum: Checksum | null = null;
  for (const [header, sumOf] of Object.entries(CHECKSUMS)) {
    const value = trailers[header] ?? headers[header];
    if (typeof value !== 'string') continue;
    if (sumOf(bytes).toString('base64') !== value)
      throw new AwsError(400, 'BadDigest', `The ${header} you specified did not match what we received.`);
    if (header.startsWith('x-amz-checksum-')) checksum = { header, value };
  }
  return { bytes, checksum };
}

const LINE_END = '\r\n';

/** `<length in hex>[;chunk-signature=…]`, the bytes, …, a chunk of 0, then trailing headers. */
function unchunk(body: Buffer): { bytes: Buffer; trailers: Record<string, string> } {
  const chunks: Buffer[] = [];
  let at = 0;
  const line = () => {
    const end = body.indexOf(LINE_END, at);
    const text = body.toString('latin1', at, end < 0 ? body.length : end);
    at = end < 0 ? body.length : end + LINE_END.length;
    return text;
  };
  for (;;) {
    const length = Number.parseInt(line(), 16);
    if (Number.isNaN(length) || at + length > body.length)
      throw new AwsError(400, 'IncompleteBody', 'The body ends in the middle of a chunk');
    if (length === 0) break;
    chunks.push(body.subarray(at, at + length));
    at += length + LINE_END.length;
  }
  const trailers: Record<string, string> = {};
  while (at < body.length) {
    const [name = '', ...value] = line().split(':');
    if (name !== '') trailers[name.toLowerCase()] = value.join(':').trim();
  }
  return { bytes: Buffer.concat(chunks), trailers };
}
