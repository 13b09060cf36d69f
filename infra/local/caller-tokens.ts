import { SCOPES } from '../../lib/config.ts';
import type { Secret } from '../../lib/secret.ts';

/** Who may call the local run. They are no secrets: it binds loopback and holds nothing real. */
export const LOCAL_ADMIN = 'local-admin';
export const LOCAL_CALLERS: Secret['callers'] = [
  { name: LOCAL_ADMIN, token: LOCAL_ADMIN, scopes: [...SCOPES] },
  { name: 'local-reader', token: 'local-reader', scopes: ['read'] },
];

export type StudioAccount = { accountSid: string; apiKeySid: string; apiKeySecret: string };

/** What the simulated Studio expects. */
export const SIMULATED_ACCOUNT: StudioAccount = {
  accountSid: `AC${'a'.repeat(32)}`,
  apiKeySid: `SK${'a'.repeat(32)}`,
  apiKeySecret: 'local',
};

export function localSecret(account: StudioAccount, changes: Partial<Secret> = {}): string {
  return JSON.stringify({ ...account, callers: LOCAL_CALLERS, ...changes });
}
