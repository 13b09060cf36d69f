import { createStudio } from '../../../lib/studio/client.ts';
import { StudioError } from '../../../lib/studio/errors.ts';
import { Failed } from '../tool.ts';
import type { TwilioCredentials } from './document.ts';

const TIMEOUT_MS = 15_000;

export type StudioPlace = { baseUrl?: string; edge?: string; region?: string };

/**
 * Asks Twilio with the API key for one flow, which changes nothing there. Throws a Failed when Twilio refuses the
 * key, or cannot be asked. The Auth Token is not tried: only signatures are checked with it.
 */
export async function checkWithTwilio(
  { accountSid, apiKeySid, apiKeySecret }: TwilioCredentials,
  place: StudioPlace,
): Promise<void> {
  const studio = createStudio({ accountSid, username: apiKeySid, password: apiKeySecret, ...place });
  try {
    const query = { pageSize: 1, limit: 1 };
    const options = { readAhead: false, timeoutMs: TIMEOUT_MS };
    for await (const flow of studio.flows.list(query, options))
      if (flow.accountSid !== null && flow.accountSid !== accountSid)
        throw new Failed([
          'Twilio takes the API key, but it is one of another account; nothing was written.',
        ]);
  } catch (error) {
    if (!(error instanceof StudioError)) throw error;
    const answer = [error.kind, error.status].filter(Boolean).join(' ');
    const words =
      error.kind === 'refused-credentials'
        ? `Twilio refuses the API key (${error.status ?? 401}); nothing was written.`
        : `Twilio could not be asked about the API key (${answer}); nothing was written.`;
    throw new Failed([words], { cause: error });
  } finally {
    await studio.close();
  }
}
