import { setImmediate } from 'node:timers/promises';
import { secretsManagerLoader } from './secret.ts';

/** Until the request has left: the SDK reads its settings, looks the host up and connects. */
const TURNS_UNTIL_SENT = 20;

/**
 * Requests the secret when this module is evaluated. Import it first: evaluating other modules blocks the
 * event loop, and the request is sent before that. null without a function's environment, such as in tests.
 */
export const earlySecret = startReading(process.env['AWS_REGION'], process.env['STUDIO_SECRET_ID']);

if (earlySecret) for (let turn = 0; turn < TURNS_UNTIL_SENT; turn++) await setImmediate();

/** The first `load` returns the read that is under way, or its error; each further one reads again. */
function startReading(region: string | undefined, secretId: string | undefined) {
  if (!region || !secretId) return null;
  const read = secretsManagerLoader(process.env, region, secretId);
  let first: Promise<string> | undefined = read();
  first.catch(() => undefined);
  const load = (): Promise<string> => {
    const reading = first ?? read();
    first = undefined;
    return reading;
  };
  return { region, secretId, load };
}
