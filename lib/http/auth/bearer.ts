import { timingSafeEqual } from 'node:crypto';
import type { Secret } from '../../config/secret.ts';
import { sha256 } from './hash.ts';

type SecretCaller = Secret['callers'][number];

/** No caller has a longer token. Bounds the cost of hashing. */
const MAX_TOKEN_CHARACTERS = 1_024;

/** Hashes of the callers' tokens, kept as long as the secret that they were made from. */
const hashesOf = new WeakMap<Secret, readonly Buffer[]>();

/** The token of `Authorization: Bearer …`; null without one, which is for others to look at. */
export function bearerToken(authorization: string | undefined): string | null {
  return /^bearer +(\S.*)$/i.exec(authorization ?? '')?.[1]?.trimEnd() ?? null;
}

/**
 * The caller with this token. Every caller is compared, in constant time and over hashes, so that the time
 * says neither how much of a token was right nor whose it was.
 */
export function findBearer(secret: Secret, token: string): SecretCaller | null {
  if (token.length > MAX_TOKEN_CHARACTERS) return null;
  const presented = sha256(token);
  let found: SecretCaller | null = null;
  for (const [index, hash] of tokenHashes(secret).entries())
    if (timingSafeEqual(hash, presented)) found = secret.callers[index] ?? null;
  return found;
}

function tokenHashes(secret: Secret): readonly Buffer[] {
  const known = hashesOf.get(secret);
  if (known) return known;
  const hashes = secret.callers.map(({ token }) => sha256(token));
  hashesOf.set(secret, hashes);
  return hashes;
}
