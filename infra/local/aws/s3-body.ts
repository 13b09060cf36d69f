import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import type { Exchange } from '../http.ts';
import { AwsError } from './protocol.ts';

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

/**
 * Reads an object's body, which the SDK sends plain or in `aws-chunked` pieces with a checksum after them.
 * Throws an AwsError for a broken chunk, a wrong length or a checksum that does not match.
 */
export function readObjectBody({ headers, body }: Exchange): {
  bytes: Buffer;
  checksums: Record<string, string>;
} {
  const isChunked = String(headers['x-amz-content-sha256']).startsWith('STREAMING-');
  const { bytes, trailers } = isChunked ? unchunk(body) : { bytes: body, trailers: {} };
  const expected = headers['x-amz-decoded-content-length'];
  if (expected !== undefined && Number(expected) !== bytes.length)
    throw new AwsError(400, 'IncompleteBody', 'The body has another length than was announced');
  const checksums: Record<string, string> = {};
  for (const [header, sumOf] of Object.entries(CHECKSUMS)) {
    const value = trailers[header] ?? headers[header];
    if (typeof value !== 'string') continue;
    if (sumOf(bytes).toString('base64') !== value)
      throw new AwsError(400, 'BadDigest', `The ${header} you specified did not match what we received.`);
    if (header !== 'content-md5') checksums[header] = value;
  }
  return { bytes, checksums };
}

const LINE_END = '\r\n';

/** `<length in hex>[;chunk-signature=…]`, the bytes, …, a chunk of 0, then trailing headers. */
function unchunk(body: Buffer): { bytes: Buffer; trailers: Record<string, string> } {
  const chunks: Buffer[] = [];
  let at = 0;
  const nextLine = () => {
    const found = body.indexOf(LINE_END, at);
    const end = found < 0 ? body.length : found;
    const line = body.toString('latin1', at, end);
    at = end + LINE_END.length;
    return line;
  };
  for (;;) {
    const length = Number.parseInt(nextLine(), 16);
    if (Number.isNaN(length) || at + length > body.length)
      throw new AwsError(400, 'IncompleteBody', 'The body ends in the middle of a chunk');
    if (length === 0) break;
    chunks.push(body.subarray(at, at + length));
    at += length + LINE_END.length;
  }
  const trailers: Record<string, string> = {};
  while (at < body.length) {
    const [, name = '', value = ''] = /^([^:]*):\s*(.*)$/.exec(nextLine()) ?? [];
    trailers[name.toLowerCase()] = value;
  }
  return { bytes: Buffer.concat(chunks), trailers };
}
