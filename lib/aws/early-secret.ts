import { setImmediate } from 'node:timers/promises';
import { secretsManagerLoader } from './secret.ts';

/** Until the request has left: the SDK reads its settings, looks the host up and connects. */
const TURNS_UNTIL_SENT = 20;

/** A read of the secret that is under way, and how to read it again. */
export type EarlyRead = {
  region: string;
  secretId: string;
  first: Promise<string>;
  load: () => Promise<string>;
};

/**
 * Asks for the secret as soon as this module is evaluated, and lets the request leave before the modules
 * after it are: their evaluation blocks the event loop, while the answer is on its way. Import it before
 * them. null where there is no function's environment, such as in tests.
 */
export const earlySecret = startReading(process.env['AWS_REGION'], process.env['STUDIO_SECRET_ID']);

if (earlySecret) for (let turn = 0; turn < TURNS_UNTIL_SENT; turn++) await setImmediate();

function startReading(region: string | undefined, secretId: string | undefined): EarlyRead | null {
  if (!region || !secretId) return null;
  const load = secretsManagerLoader(process.env, region, secretId);
  const first = load();
  // The cold start gets the error.
  first.catch(() => undefined);
  return { region, secretId, first, load };
}
