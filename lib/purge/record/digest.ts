import { hash } from 'node:crypto';
import * as v from 'valibot';

/**
 * The digest of the SIDs that a purge deleted or ended: the sum of their SHA-256, modulo 2^256, in
 * hexadecimal. The order does not matter, and from the SIDs (the archive, Twilio's logs) it can be computed
 * again. In a sum, unlike an XOR, a SID that counts twice leaves a trace.
 */
export const sidDigest = v.object({
  algorithm: v.literal('sum-sha256'),
  count: v.pipe(v.number(), v.integer(), v.minValue(0)),
  value: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)),
});
export type SidDigest = v.InferOutput<typeof sidDigest>;

const MODULUS = 1n << 256n;
const HEX_DIGITS = 64;

export const EMPTY_DIGEST: SidDigest = { algorithm: 'sum-sha256', count: 0, value: '0'.repeat(HEX_DIGITS) };

export function addToDigest(digest: SidDigest, sids: readonly string[]): SidDigest {
  let sum = BigInt(`0x${digest.value}`);
  for (const sid of sids) sum += BigInt(`0x${hash('sha256', sid)}`);
  return {
    algorithm: 'sum-sha256',
    count: digest.count + sids.length,
    value: (sum % MODULUS).toString(16).padStart(HEX_DIGITS, '0'),
  };
}
