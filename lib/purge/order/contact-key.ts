import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';

/**
 * The key of the hashes by which a record keeps a contact's addresses: `hmac-sha256:<key id>:<hex>`. It is
 * derived (HKDF, RFC 5869) from the API key's secret: without a key, one could try all phone numbers. After
 * the secret is rotated, the id differs, and a running purge of a contact ends with an error.
 */
export type ContactKey = { id: string; key: Buffer };

const KEY_BYTES = 32;
const KEY_ID_CHARACTERS = 8;
const PURPOSE = 'studio-executions: contacts of purges';

export function deriveContactKey(secret: { accountSid: string; apiKeySecret: string }): ContactKey {
  const key = Buffer.from(hkdfSync('sha256', secret.apiKeySecret, secret.accountSid, PURPOSE, KEY_BYTES));
  const id = createHmac('sha256', key).update('id').digest('hex').slice(0, KEY_ID_CHARACTERS);
  return { id, key };
}

/** One contact or several: their addresses in a request, their hashes in a record. */
export type Contacts = string | string[];

export function hashContacts(contactKey: ContactKey, contacts: Contacts): Contacts {
  return typeof contacts === 'string'
    ? hashContact(contactKey, contacts)
    : contacts.map((address) => hashContact(contactKey, address));
}

function hashContact({ id, key }: ContactKey, address: string): string {
  return `hmac-sha256:${id}:${createHmac('sha256', key).update(address).digest('hex')}`;
}

/** Whether the hashes were made with this key. */
export function madeWith({ id }: ContactKey, hashes: Contacts): boolean {
  return [hashes].flat().every((hash) => hash.startsWith(`hmac-sha256:${id}:`));
}

/** Whether the address is exactly one of those that were hashed. */
export function isOneOf(contactKey: ContactKey, hashes: Contacts, address: string): boolean {
  const one = Buffer.from(hashContact(contactKey, address));
  return [hashes].flat().some((hash) => {
    const other = Buffer.from(hash);
    return one.length === other.length && timingSafeEqual(one, other);
  });
}
