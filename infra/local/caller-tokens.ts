import { SCOPES } from '../../lib/config/configuration.ts';
import type { Secret } from '../../lib/config/secret.ts';

/** The callers of the local run. Their tokens are public, because it binds loopback and holds no real data. */
export const LOCAL_ADMIN = 'local-admin';
export const LOCAL_CALLERS: Secret['callers'] = [
  { name: LOCAL_ADMIN, token: LOCAL_ADMIN, scopes: [...SCOPES] },
  { name: 'local-reader', token: 'local-reader', scopes: ['read'] },
];
/** A sender of Standard Webhooks. Its secret is public, like the tokens and the Auth Token. */
const LOCAL_WEBHOOK: Secret['webhooks'][number] = {
  name: 'local-webhook',
  secret: `whsec_${Buffer.from('the secret of a local webhook').toString('base64')}`,
  scopes: ['trigger'],
};
const LOCAL_AUTH_TOKEN = 'local-auth-token';

export type StudioAccount = { accountSid: string; apiKeySid: string; apiKeySecret: string };

/** What the simulated Studio expects. */
export const SIMULATED_ACCOUNT: StudioAccount = {
  accountSid: `AC${'a'.repeat(32)}`,
  apiKeySid: `SK${'a'.repeat(32)}`,
  apiKeySecret: 'local',
};

export function localSecret(account: StudioAccount, changes: Partial<Secret> = {}): string {
  // A real account's Auth Token is not known here, and another in its place would only mislead.
  const authToken = account === SIMULATED_ACCOUNT ? { authToken: LOCAL_AUTH_TOKEN } : {};
  return JSON.stringify({
    ...account,
    ...authToken,
    callers: LOCAL_CALLERS,
    webhooks: [LOCAL_WEBHOOK],
    ...changes,
  });
}
