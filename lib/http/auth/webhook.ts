import { createHmac, timingSafeEqual } from 'node:crypto';
import { type Secret, webhookKey } from '../../config/secret.ts';
import type { Received } from '../event/event.ts';
import { onlyValue, valuesIn } from '../event/idempotency-key.ts';
import { decodeSignature } from './hash.ts';

/**
 * Standard Webhooks 1.0:
 * https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 */
type Webhook = Secret['webhooks'][number];

const TOLERANCE_SECONDS = 5 * 60;
/** A sender that rotates sends two or three; the bound keeps the comparing cheap. */
const MAX_SIGNATURES = 20;
const SHA256_BYTES = 32;

/** A request that claims to be a signed webhook. */
export type WebhookRequest = NonNullable<ReturnType<typeof readWebhookRequest>>;

/** Whether the request claims to be a signed webhook. */
export function isWebhook({ headers }: Received): boolean {
  return headers.has('webhook-signature');
}

/** Reads id, timestamp and signatures; null if none of the signatures can be valid. */
export function readWebhookRequest({ headers, body }: Received, nowMs: number) {
  const sentId = headers.get('webhook-id') ?? '';
  // A proxy may repeat the header; the sender signed the id once.
  const id = onlyValue(valuesIn(sentId)) ?? sentId;
  const timestamp = headers.get('webhook-timestamp') ?? '';
  if (id === '' || !isRecent(timestamp, nowMs)) return null;
  const signatures = (headers.get('webhook-signature') ?? '')
    .split(' ', MAX_SIGNATURES)
    .flatMap((one) => (one.startsWith('v1,') ? [decodeSignature(one.slice('v1,'.length), SHA256_BYTES)] : []))
    .filter((signature) => signature !== null);
  // `head` precedes the body in the signed content.
  return signatures.length === 0 ? null : { head: `${id}.${timestamp}.`, body, signatures };
}

/**
 * The sender whose secret made one of the signatures. A sender may be listed with several secrets, and a
 * request may carry several signatures, so that either side can rotate.
 */
export function findWebhook(secret: Secret, { head, body, signatures }: WebhookRequest): Webhook | null {
  let found: Webhook | null = null;
  for (const webhook of secret.webhooks) {
    const expected = createHmac('sha256', webhookKey(webhook.secret)).update(head).update(body).digest();
    for (const signature of signatures) if (timingSafeEqual(expected, signature)) found = webhook;
  }
  return found;
}

function isRecent(timestamp: string, nowMs: number): boolean {
  if (!/^\d{1,12}$/.test(timestamp)) return false;
  return Math.abs(Math.floor(nowMs / 1_000) - Number(timestamp)) <= TOLERANCE_SECONDS;
}
