import { createHmac, hash } from 'node:crypto';

/** 128 bits: two keys never meet. */
const CORRELATION_BYTES = 16;

/** Who sent which key to which route. */
export type KeyUse = { caller: string; route: string; key: string };

/** The name of the claim: the same for the same caller, route and key, and telling none of them. */
export function claimId({ caller, route, key }: KeyUse): string {
  return hash('sha256', JSON.stringify(['claim', caller, route, key]), 'hex');
}

/**
 * A hash of the payload that says nothing about it, not even to somebody who tries every phone number: it is
 * keyed with the idempotency key, which is stored nowhere. Keyed with the secret it would not survive the
 * secret's rotation, and every repeated delivery would then look like another payload.
 */
export function fingerprint({ caller, route, key }: KeyUse, payload: unknown): string {
  const keyed = createHmac('sha256', key);
  return keyed.update(JSON.stringify(['fingerprint', caller, route, canonicalJson(payload)])).digest('hex');
}

/**
 * The value that creates carry in their parameters. Whoever sees it in Studio learns nothing about the key:
 * it is keyed with the API key's secret. That may rotate, so the value is kept with the claim.
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
