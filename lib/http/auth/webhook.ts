import { createHmac } from 'node:crypto';
import type { Secret } from '../../secret.ts';
import type { Received } from '../event.ts';
import { equalSecrets } from './hash.ts';

/** Standard Webhooks 1.0: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md */
type Webhook = Secret['webhooks'][number];

const TOLERANCE_SECONDS = 5 * 60;
/** A sender that rotates sends two or three; the bound keeps the comparing cheap. */
const MAX_SIGNATURES = 20;
const PREFIX = 'whsec_';

/** Whether the request claims to be a signed webhook. */
export function isWebhook({ headers }: Received): boolean {
  return headers.has('webhook-signature');
}

/**
 * The sender whose secret made one of the signatures over `{id}.{timestamp}.{raw body}`. A sender may be
 * listed with several secrets, and a request may carry several signatures, so that either side can rotate.
 */
export function findWebhook(secret: Secret, received: Received, nowMs: number): Webhook | null {
  const id = received.headers.get('webhook-id') ?? '';
  const timestamp = received.headers.get('webhook-timestamp') ?? '';
  if (id === '' || !isRecent(timestamp, nowMs)) return null;
  const signatures = (received.headers.get('webhook-signature') ?? '')
    .split(' ')
    .slice(0, MAX_SIGNATURES)
    .flatMap((one) => (one.startsWith('v1,') ? [one.slice('v1,'.length)] : []));
  const content = Buffer.concat([Buffer.from(`${id}.${timestamp}.`), received.body]);
  let found: Webhook | null = null;
  for (const webhook of secret.webhooks) {
    const key = Buffer.from(webhook.secret.slice(PREFIX.length), 'base64');
    const expected = createHmac('sha256', key).update(content).digest('base64');
    for (const signature of signatures) if (equalSecrets(signature, expected)) found = webhook;
  }
  return found;
}

function isRecent(timestamp: string, nowMs: number): boolean {
  if (!/^\d{1,12}$/.test(timestamp)) return false;
  return Math.abs(Math.floor(nowMs / 1_000) - Number(timestamp)) <= TOLERANCE_SECONDS;
}
