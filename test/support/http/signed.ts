import { Webhook } from 'standardwebhooks';

/** The headers of a Standard Webhook over this body, by the official library. */
export function webhookHeaders(secret: string, body: string | Buffer, id: string, at: Date) {
  return {
    'webhook-id': id,
    'webhook-timestamp': String(Math.floor(at.getTime() / 1_000)),
    'webhook-signature': new Webhook(secret).sign(id, at, body),
  };
}
