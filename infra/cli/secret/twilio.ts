import { createStudio } from '../../../lib/studio/client.ts';
import { StudioError } from '../../../lib/studio/errors.ts';
import { Failed } from '../tool.ts';
import type { TwilioCredentials } from './document.ts';

const TIMEOUT_MS = 15_000;

/**
 * Lists one flow at Twilio. Throws a Failed if Twilio refuses the API key or does not answer. The Auth Token
 * is not checked.
 */
export async function checkWithTwilio(
  { accountSid, apiKeySid, apiKeySecret }: TwilioCredentials,
  place: { baseUrl?: string; edge?: string; region?: string },
): Promise<void> {
  const studio = createStudio({ accountSid, username: apiKeySid, password: apiKeySecret, ...place });
  try {
    const query = { pageSize: 1, limit: 1 };
    const options = { readAhead: false, timeoutMs: TIMEOUT_MS };
    for await (const _ of studio.flows.list(query, options)) break;
  } catch (error) {
    if (!(error instanceof StudioError)) throw error;
    throw new Failed([`${whatIsWrong(error)}; nothing was written.`], { cause: error });
  } finally {
    await studio.close();
  }
}

function whatIsWrong({ kind, status }: StudioError): string {
  if (kind === 'refused-credentials') return `Twilio refuses the API key (${status ?? 401})`;
  if (kind === 'nonsense' && status === 200)
    return 'Twilio takes the API key, but does not answer for this account: it may be a key of another account';
  const answer = [kind, status].filter(Boolean).join(' ');
  return `Twilio could not be asked about the API key (${answer})`;
}
