import { createHash, timingSafeEqual } from 'node:crypto';

/** Equal in constant time, whatever the lengths: both sides are hashed first. */
export function equalSecrets(one: string | Buffer, other: string | Buffer): boolean {
  return timingSafeEqual(sha256(one), sha256(other));
}

export function sha256(value: string | Buffer): Buffer {
  return createHash('sha256').update(value).digest();
}
