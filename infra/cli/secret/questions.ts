import { MIN_WEBHOOK_KEY_BYTES, webhookKey } from '../../../lib/config/secret.ts';
import type { Io } from '../io.ts';
import { say } from '../io.ts';
import { Failed } from '../tool.ts';
import type { TwilioCredentials } from './document.ts';

/** A typing error is forgiven so often. */
const TRIES = 3;

/** `show` reports shorter tokens, and a shorter key is refused when it is typed in. */
export const MIN_TOKEN_CHARACTERS = 24;

type Question = {
  /** What is asked for. */
  what: string;
  /** What Enter stands for; undefined: an answer is needed. */
  kept: string | undefined;
  isRight: (answer: string) => boolean;
  /** How a right one looks. */
  looks: string;
};

/** Asks for Twilio's credentials without showing them; Enter keeps what is stored. */
export async function askForCredentials(
  io: Io,
  before: TwilioCredentials | null,
): Promise<TwilioCredentials> {
  say(io, `  Nothing of what you type is shown.${before ? ' Enter keeps what is stored.' : ''}`);
  const accountSid = await askHidden(io, { what: 'account SID', kept: before?.accountSid, ...sid('AC') });
  const apiKeySid = await askHidden(io, { what: 'API key SID', kept: before?.apiKeySid, ...sid('SK') });
  const apiKeySecret = await askHidden(io, {
    what: 'API key secret',
    // The secret of another key is of no use.
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
  const token = authToken === '-' || authToken === '' ? {} : { authToken };
  return { accountSid, apiKeySid, apiKeySecret, ...token };
}

/** The secret that a sender of webhooks has made itself. */
export function askForWebhookSecret(io: Io): Promise<string> {
  return askHidden(io, {
    what: 'sender’s own secret',
    kept: undefined,
    isRight: (answer) =>
      /^whsec_[A-Za-z0-9+/]+=*$/.test(answer) && webhookKey(answer).length >= MIN_WEBHOOK_KEY_BYTES,
    looks: `whsec_ and base64 of at least ${MIN_WEBHOOK_KEY_BYTES} bytes`,
  });
}

/** Asks for the secret that Twilio returned when the shared key was created. */
export function askForSignatureKey(io: Io): Promise<string> {
  return askHidden(io, {
    what: 'secret of the shared key',
    kept: undefined,
    isRight: (answer) => answer.length >= MIN_TOKEN_CHARACTERS && !/\s/.test(answer),
    looks: `at least ${MIN_TOKEN_CHARACTERS} characters, without spaces`,
  });
}

async function askHidden(io: Io, { what, kept, isRight, looks }: Question): Promise<string> {
  for (let tried = 1; ; tried++) {
    const answer = (
      await io.ask(`  ${what.charAt(0).toUpperCase()}${what.slice(1)}: `, { hidden: true })
    )?.trim();
    if (answer === undefined) throw new Failed(['Broken off; nothing was written.']);
    if (answer === '' && kept !== undefined) return kept;
    if (answer !== '' && isRight(answer)) return answer;
    // Never the answer itself.
    const complaint =
      answer === '' ? `There is nothing to keep of the ${what}.` : `That is no ${what}: ${looks}.`;
    if (tried === TRIES || !io.interactive) throw new Failed([`${complaint} Nothing was written.`]);
    say(io, `  ${complaint}`);
  }
}

function sid(prefix: string): Pick<Question, 'isRight' | 'looks'> {
  const pattern = new RegExp(`^${prefix}[0-9a-fA-F]{32}$`);
  return { isRight: (answer) => pattern.test(answer), looks: `${prefix} and 32 hexadecimal digits` };
}
