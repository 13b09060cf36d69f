import { createCipheriv, createDecipheriv, createHmac, hkdfSync } from 'node:crypto';
import type { Secret } from '../../config/secret.ts';
import { invalidRequest, type Problem } from '../problems.ts';
import { MAX_CURSOR_CHARACTERS } from '../schemas/query.ts';

/**
 * Cursors are opaque, authenticated and confidential, since their filters may include an address. AES-256-GCM
 * with a nonce derived from the content, so that the same position always gives the same cursor. The keys
 * come from the secret: after its rotation a cursor is refused.
 */
const ALGORITHM = 'aes-256-gcm';
const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
/** The most bytes of JSON that fit into a cursor once sealed and base64-encoded. */
export const MAX_SEALED_BYTES = Math.floor((MAX_CURSOR_CHARACTERS * 3) / 4) - NONCE_BYTES - TAG_BYTES;
/** The number changes with the shape of any cursor's content, so that older cursors are refused. */
const INFO = 'studio-executions cursor 1';

/** The route and the flows that a cursor belongs to. */
export type CursorScope = readonly string[];

/** Returns null for null: there is no next page. */
export function sealCursor(secret: Secret, scope: CursorScope, value: unknown): string | null {
  if (value === null) return null;
  const content = Buffer.from(JSON.stringify(value));
  const bound = JSON.stringify(scope);
  const nonce = createHmac('sha256', keyOf(secret, 'nonce'))
    .update(bound)
    .update(content)
    .digest()
    .subarray(0, NONCE_BYTES);
  const cipher = createCipheriv(ALGORITHM, keyOf(secret, 'cipher'), nonce).setAAD(Buffer.from(bound));
  const sealed = [nonce, cipher.update(content), cipher.final(), cipher.getAuthTag()];
  return Buffer.concat(sealed).toString('base64url');
}

/**
 * Returns what was sealed for this scope, which only this API can have done; undefined without a cursor.
 * Throws 422 for anything else.
 */
export function openCursor<Value>(
  secret: Secret,
  scope: CursorScope,
  cursor: string | undefined,
): Value | undefined {
  if (cursor === undefined) return undefined;
  const bytes = Buffer.from(cursor, 'base64url');
  // Another text that decodes to the same bytes is not the same cursor.
  if (bytes.toString('base64url') !== cursor) throw foreignCursor();
  try {
    const nonce = bytes.subarray(0, NONCE_BYTES);
    const decipher = createDecipheriv(ALGORITHM, keyOf(secret, 'cipher'), nonce, { authTagLength: TAG_BYTES })
      .setAAD(Buffer.from(JSON.stringify(scope)))
      .setAuthTag(bytes.subarray(-TAG_BYTES));
    const content = [decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()];
    return JSON.parse(Buffer.concat(content).toString());
  } catch {
    throw foreignCursor();
  }
}

export function foreignCursor(): Problem {
  return invalidRequest([
    { detail: 'is not a cursor of this list and these filters; begin anew without it', pointer: '?cursor' },
  ]);
}

function keyOf({ apiKeySecret, accountSid }: Secret, use: 'cipher' | 'nonce'): Buffer {
  return Buffer.from(hkdfSync('sha256', apiKeySecret, accountSid, `${INFO} ${use}`, KEY_BYTES));
}
