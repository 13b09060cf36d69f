import { createHmac, hash } from 'node:crypto';

/** 128 bits: two keys never meet. */
const CORRELATION_BYTES = 16;

/** Who sent which key to which route. */
export type KeyUse = { caller: string; route: string; key: string };

/**
 * The claim's id: an unkeyed hash of caller, route and key. It does not show them, but a reader of the table
 * can test guesses of a key against it. Were it keyed with the API key's secret, every rotation would lose
 * all claims.
 */
export function claimId({ caller, route, key }: KeyUse): string {
  return hash('sha256', JSON.stringify(['claim', caller, route, key]), 'hex');
}

/**
 * A hash of the payload, keyed with the idempotency key, which is not stored: phone numbers can be tested
 * against it only with the key, which may be guessed. Were it keyed with the API key's secret, every repeated
 * delivery after a rotation would look like another payload.
 */
export function fingerprint({ caller, route, key }: KeyUse, payload: unknown): string {
  const keyed = createHmac('sha256', key);
  return keyed.update(JSON.stringify(['fingerprint', caller, route, canonicalJson(payload)])).digest('hex');
}

/**
 * The value that creates carry in their parameters. It is keyed with the API key's secret, so that no guess
 * of a key can be tested against what Studio shows. The secret may rotate, so the value is kept with the
 * claim.
 */
export function correlationOf(apiKeySecret: string, id: string): string {
  const keyed = createHmac('sha256', apiKeySecret);
  const digest = keyed.update(JSON.stringify(['correlation', id])).digest();
  return digest.subarray(0, CORRELATION_BYTES).toString('base64url');
}

/** JSON with the members of every object in one order. Numbers stay as they were written: 1 is not 1.0. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, member: unknown) =>
    member !== null && typeof member === 'object' && !Array.isArray(member) && !JSON.isRawJSON(member)
      ? Object.fromEntries(Object.entries(member).sort(([a], [b]) => (a < b ? -1 : 1)))
      : member,
  );
}
