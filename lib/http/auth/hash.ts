import { createHash, timingSafeEqual } from 'node:crypto';

/** Equal in constant time, whatever the lengths: both sides are hashed first. */
export function equalSecrets(one: string | Buffer, other: string | Buffer): boolean {
  return timingSafeEqual(sha256(one), sha256(other));
}

export function sha256(value: string | Buffer): Buffer {
  return createHash('sha256').update(value).digest();
}

/** The bytes of a base64 signature; null unless there are exactly this many. */
export function decodeSignature(base64: string, bytes: number): Buffer | null {
  if (base64.length !== 4 * Math.ceil(bytes / 3)) return null;
  const decoded = Buffer.from(base64, 'base64');
  // Other spellings of the same bytes are not what was sent.
  return decoded.length === bytes && decoded.toString('base64') === base64 ? decoded : null;
}
