import { createCipheriv, createDecipheriv, createHmac, hkdfSync } from 'node:crypto';
import type { Secret } from '../../config/secret.ts';
import { invalidRequest, type Problem } from '../problems.ts';
import { MAX_CURSOR_CHARACTERS } from '../schemas/query.ts';

/**
 * Cursors are opaque, authenticated and confidential, since their filters may include an address. AES-256-GCM
 * with a nonce derived from the content, so that the same position always gives the same cursor. The keys come
 * from the secret: after its rotation a cursor is refused.
 */
const ALGORITHM = 'aes-256-gcm';
const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
/** The most bytes of JSON that fit into a cursor once sealed and base64-encoded. */
export const MAX_SEALED_BYTES = Math.floor((MAX_CURSOR_CHARACTERS * 3) / 4) - NONCE_BYTES - TAG_BYTES;
/** The number changes with the shape of any cursor's content, so that older cursors are refused. */
const INFO = 'studio-executions cursor 1';

type Keys = { cipher: Buffer; nonce: Buffer };
const keysOf = new WeakMap<Secret, Keys>();

/** What a cursor belongs to: the route and the flows that its caller sees. */
export type CursorScope = readonly string[];

export function sealCursor(secret: Secret, scope: CursorScope, value: unknown): string {
  const keys = derive(secret);
  const content = Buffer.from(JSON.stringify(value));
  const bound = Buffer.from(JSON.stringify(scope));
  const nonce = createHmac('sha256', keys.nonce)
    .update(bound)
    .update(content)
    .digest()
    .subarray(0, NONCE_BYTES);
  const cipher = createCipheriv(ALGORITHM, keys.cipher, nonce).setAAD(bound);
  return Buffer.concat([nonce, cipher.update(content), cipher.final(), cipher.getAuthTag()]).toString(
    'base64url',
  );
}

/** Returns what was sealed for this scope, which only this API can have done. Throws 422 for anything else. */
export function openCursor<Value>(secret: Secret, scope: CursorScope, cursor: string): Value {
  const bytes = Buffer.from(cursor, 'base64url');
  // Another text that decodes to the same bytes is not the same cursor.
  if (bytes.length <= NONCE_BYTES + TAG_BYTES || bytes.toString('base64url') !== cursor)
    throw foreignCursor();
  const nonce = bytes.subarray(0, NONCE_BYTES);
  const tag = bytes.subarray(-TAG_BYTES);
  try {
    const decipher = createDecipheriv(ALGORITHM, derive(secret).cipher, nonce, { authTagLength: TAG_BYTES })
      .setAAD(Buffer.from(JSON.stringify(scope)))
      .setAuthTag(tag);
    const content = Buffer.concat([
      decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES)),
      decipher.final(),
    ]);
    return JSON.parse(content.toString('utf8'));
  } catch {
    throw foreignCursor();
  }
}

export function foreignCursor(): Problem {
  return invalidRequest([
    { detail: 'is not a cursor of this list and these filters; begin anew without it', pointer: '?cursor' },
  ]);
}

function derive(secret: Secret): Keys {
  const known = keysOf.get(secret);
  if (known) return known;
  const bytes = Buffer.from(hkdfSync('sha256', secret.apiKeySecret, secret.accountSid, INFO, 2 * KEY_BYTES));
  const keys = { cipher: bytes.subarray(0, KEY_BYTES), nonce: bytes.subarray(KEY_BYTES) };
  keysOf.set(secret, keys);
  return keys;
}
