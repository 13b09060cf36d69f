import { createHash } from 'node:crypto';

/**
 * A purge's id: `pu`, the millisecond of its start in ten base-32 digits, and 80 bits of entropy, as a ULID
 * has them. Sorting by it is sorting by time, so the list of purges needs no index; all of it is allowed in
 * the name of a durable execution, with room left for the number of the run (64 characters).
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

/** The id is the same for the same start and the same seed: a repeated start finds the first one's record. */
export function purgeId(startMs: number, seed: string): string {
  const entropy = createHash('sha256').update(seed).digest().subarray(0, ENTROPY_BYTES);
  const time = inBase32(BigInt(Math.trunc(startMs)), TIME_DIGITS);
  return `pu${time}${inBase32(BigInt(`0x${entropy.toString('hex')}`), ENTROPY_DIGITS)}`;
}

/** The name of a durable execution, and with it what keeps one run from being started twice. */
export function runName(id: string, run: number): string {
  return `${id}-${run}`;
}

function inBase32(number: bigint, length: number): string {
  let text = '';
  for (let rest = number; text.length < length; rest >>= BITS_A_DIGIT)
    text = `${DIGITS[Number(rest & 31n)]}${text}`;
  return text;
}
