import { MIN_WEBHOOK_KEY_BYTES, webhookKey } from '../../../lib/config/secret.ts';
import { type Io, say } from '../io.ts';
import { Failed } from '../tool.ts';
import type { TwilioCredentials } from './document.ts';

const MAX_TRIES = 3;

/** `show` reports shorter tokens. Shorter signature keys are refused. */
export const MIN_TOKEN_CHARACTERS = 24;

type Question = {
  what: string;
  /** The answer that Enter stands for. Without it, Enter is refused. */
  kept?: string | null | undefined;
  isRight: (answer: string) => boolean;
  /** Describes a right answer. */
  looks: string;
};

/** Asks for Twilio's credentials without showing them; Enter keeps what is stored. */
export async function askForCredentials(
  io: Io,
  before: TwilioCredentials | null,
): Promise<TwilioCredentials> {
  say(io, `  Nothing of what you type is shown.${before ? ' Enter keeps what is stored.' : ''}`);
  const accountSid = await askHidden(io, sid('account SID', 'AC', before?.accountSid));
  const apiKeySid = await askHidden(io, sid('API key SID', 'SK', before?.apiKeySid));
  const apiKeySecret = await askHidden(io, {
    what: 'API key secret',
    // The stored secret belongs to the stored key only.
    kept: before?.apiKeySid === apiKeySid ? before.apiKeySecret : undefined,
    isRight: (answer) => !/\s/.test(answer),
    looks: 'it has no spaces',
  });
  const kept = before?.accountSid === accountSid ? before.authToken : undefined;
  say(io, `  Only to check X-Twilio-Signature; ${kept ? '- removes it' : 'Enter: none'}.`);
  const authToken = await askHidden(io, {
    what: 'Auth Token',
    kept: kept ?? '',
    isRight: (answer) => answer === '-' || /^[0-9a-fA-F]{32}$/.test(answer),
    looks: '32 hexadecimal digits',
  });
  const isGiven = authToken !== '-' && authToken !== '';
  return { accountSid, apiKeySid, apiKeySecret, ...(isGiven && { authToken }) };
}

/** Asks for the secret that a sender of webhooks has made itself. */
export function askForWebhookSecret(io: Io): Promise<string> {
  return askHidden(io, {
    what: 'sender’s own secret',
    isRight: (answer) =>
      /^whsec_[A-Za-z0-9+/]+=*$/.test(answer) && webhookKey(answer).length >= MIN_WEBHOOK_KEY_BYTES,
    looks: `whsec_ and base64 of at least ${MIN_WEBHOOK_KEY_BYTES} bytes`,
  });
}

/** Asks for the secret that Twilio returned when the shared key was created. */
export function askForSignatureKey(io: Io): Promise<string> {
  return askHidden(io, {
    what: 'secret of the shared key',
    isRight: (answer) => answer.length >= MIN_TOKEN_CHARACTERS && !/\s/.test(answer),
    looks: `at least ${MIN_TOKEN_CHARACTERS} characters, without spaces`,
  });
}

/** The messages never repeat the answer. */
async function askHidden(io: Io, { what, kept, isRight, looks }: Question): Promise<string> {
  for (let tried = 1; ; tried++) {
    const answer = await io.ask(`  ${what.charAt(0).toUpperCase()}${what.slice(1)}: `, { hidden: true });
    if (answer === null) throw new Failed(['Interrupted; nothing was written.']);
    const given = answer.trim();
    if (given === '' && typeof kept === 'string') return kept;
    if (given !== '' && isRight(given)) return given;
    const complaint = given === '' ? `There is no stored ${what} to keep.` : `That is no ${what}: ${looks}.`;
    if (tried === MAX_TRIES || !io.interactive) throw new Failed([`${complaint} Nothing was written.`]);
    say(io, `  ${complaint}`);
  }
}

function sid(what: string, prefix: string, kept: string | undefined): Question {
  const pattern = new RegExp(`^${prefix}[0-9a-fA-F]{32}$`);
  return {
    what,
    kept,
    isRight: (answer) => pattern.test(answer),
    looks: `${prefix} and 32 hexadecimal digits`,
  };
}
