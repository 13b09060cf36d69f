import { createHash } from 'node:crypto';

/**
 * A purge's id: `pu`, the millisecond of its start in ten base-32 digits, and 80 bits of entropy, as in a
 * ULID. Sorted by id, purges are sorted by time. With the number of a run it is a valid name of a durable
 * execution (64 characters).
 */
const DIGITS = '0123456789abcdefghjkmnpqrstvwxyz';
const TIME_DIGITS = 10;
const ENTROPY_DIGITS = 16;
const BITS_A_DIGIT = 5n;
const ENTROPY_BYTES = 10;

const PATTERN = new RegExp(`^pu[${DIGITS}]{${TIME_DIGITS + ENTROPY_DIGITS}}$`);

export function isPurgeId(text: string): boolean {
  return PATTERN.test(text);
}

/** The same start and seed have the same id, by which a repeated start finds the record. */
export function purgeId(startMs: number, seed: string): string {
  const entropy = createHash('sha256').update(seed).digest().subarray(0, ENTROPY_BYTES);
  const time = inBase32(BigInt(Math.trunc(startMs)), TIME_DIGITS);
  return `pu${time}${inBase32(BigInt(`0x${entropy.toString('hex')}`), ENTROPY_DIGITS)}`;
}

/** The name of a durable execution. AWS starts a name once. */
export function runName(id: string, run: number): string {
  return `${id}-${run}`;
}

function inBase32(number: bigint, length: number): string {
  let text = '';
  for (let rest = number; text.length < length; rest >>= BITS_A_DIGIT)
    text = `${DIGITS[Number(rest & 31n)]}${text}`;
  return text;
}
