import { createHash, timingSafeEqual } from 'node:crypto';

/** Equal in constant time, whatever the lengths: both sides are hashed first. */
export function equalSecrets(one: string | Buffer, other: string | Buffer): boolean {
  return timingSafeEqual(sha256(one), sha256(other));
}

export function sha256(value: string | Buffer): Buffer {
  return createHash('sha256').update(value).digest();
}

/** Decodes a base64 signature; null unless it has exactly this many bytes. */
export function decodeSignature(base64: string, bytes: number): Buffer | null {
  if (base64.length !== 4 * Math.ceil(bytes / 3)) return null;
  const decoded = Buffer.from(base64, 'base64');
  // Only the canonical encoding is valid; `Buffer.from` also accepts others.
  return decoded.length === bytes && decoded.toString('base64') === base64 ? decoded : null;
}
