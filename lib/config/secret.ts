import * as v from 'valibot';
import { ConfigError, SCOPES } from './configuration.ts';
import { type Mistake, parseWritten, validate } from './validation.ts';

/**
 * The secret's JSON: Twilio's credentials, and the callers of the API. Its values are never logged. Unknown
 * members are ignored, so that a secret can be written before the version that reads it is deployed. An
 * optional member may be null.
 */

const sidOf = (prefix: string, what: string) =>
  v.pipe(
    v.string(),
    v.regex(new RegExp(`^${prefix}[0-9a-fA-F]{32}$`), `must be ${what}: ${prefix} and 32 hexadecimal digits`),
  );

const name = v.pipe(v.string(), v.minLength(1, 'must not be empty'), v.maxLength(64));
const nonEmpty = v.pipe(v.string(), v.minLength(1, 'must not be empty'));
/** Empty means absent. */
const maybeText = v.optional(
  v.pipe(
    v.string(),
    v.transform((text) => (text.trim() === '' ? undefined : text)),
  ),
);
/** As Twilio names a shared key of the Webhooks configuration API: `webhooks_sharedkey_…`. */
const signatureKeySid = v.pipe(
  v.string(),
  v.regex(/^[\w.-]{1,128}$/, 'must be the SID of a shared key, such as webhooks_sharedkey_…'),
);
const scopes = v.array(v.picklist(SCOPES));
/** Aliases or SIDs of the flows that a caller may touch; all of them when left out. */
const flows = v.optional(v.array(v.string()));

/** A shorter token or secret can be guessed, so its entry is not used. `npm run secret` asks for more. */
const MIN_SECRET_CHARACTERS = 8;
/** Standard Webhooks 1.0: keys have 24 to 64 bytes. Signatures of a shorter or empty key can be forged. */
export const MIN_WEBHOOK_KEY_BYTES = 24;
/** Bounds the cost of an unauthenticated request: each webhook is one more HMAC over its body. */
const MAX_WEBHOOKS = 50;

const guarded = v.pipe(
  v.string(),
  v.minLength(MIN_SECRET_CHARACTERS, `must have at least ${MIN_SECRET_CHARACTERS} characters`),
);
const webhookSecret = v.pipe(
  v.string(),
  v.regex(/^whsec_[A-Za-z0-9+/]+=*$/, 'must be whsec_ and base64'),
  v.check(
    (text) => webhookKey(text).length >= MIN_WEBHOOK_KEY_BYTES,
    `must hold a key of at least ${MIN_WEBHOOK_KEY_BYTES} bytes`,
  ),
);

const caller = v.object({ name, token: guarded, scopes, flows });
const webhook = v.object({ name, secret: webhookSecret, scopes, flows });
/** A customer-owned key that Twilio signs webhooks with; during a rotation there are two. */
const signatureKey = v.object({ sid: signatureKeySid, secret: guarded });

const entries = v.array(v.unknown());
const secretSchema = v.object({
  accountSid: sidOf('AC', 'an account SID'),
  apiKeySid: sidOf('SK', 'an API key SID'),
  apiKeySecret: nonEmpty,
  /** Only for checking X-Twilio-Signature. */
  authToken: maybeText,
  /** Twilio's second one, while the first is being changed: both are taken. */
  secondaryAuthToken: maybeText,
  callers: entries,
  webhooks: v.optional(entries, []),
  signatureKeys: v.optional(entries, []),
});

type List = 'callers' | 'webhooks' | 'signatureKeys';
export type Secret = Omit<v.InferOutput<typeof secretSchema>, List> & {
  callers: v.InferOutput<typeof caller>[];
  webhooks: v.InferOutput<typeof webhook>[];
  signatureKeys: v.InferOutput<typeof signatureKey>[];
};

/** Secrets Manager could not be read. The message holds nothing of the secret. */
export class SecretUnavailableError extends Error {
  override readonly name = 'SecretUnavailableError';
}

/**
 * Reads the secret's JSON. Throws a ConfigError that names every mistake, and no value. A mistake in a list's
 * entry leaves out that entry alone; `onUnused` is called once with all that is not used.
 */
export function readSecret(json: string, onUnused?: (mistakes: readonly Mistake[]) => void): Secret {
  let input: unknown;
  try {
    input = parseWritten(json);
  } catch {
    throw new ConfigError('The secret', [{ pointer: '#', detail: 'is not JSON' }]);
  }
  const whole = validate(secretSchema, input);
  if (!whole.ok) throw new ConfigError('The secret has mistakes', whole.mistakes);
  const unused: Mistake[] = [];
  const { callers, webhooks, signatureKeys, ...rest } = whole.value;
  const tokens = new Set<string>();
  const secret = {
    ...rest,
    callers: usable('callers', caller, callers, unused, (entry, _index, leaveOut) => {
      // Two callers with one token: the order of comparison would decide which it is.
      if (tokens.has(entry.token)) return leaveOut('/token', 'is the token of an earlier entry');
      tokens.add(entry.token);
      return [entry];
    }),
    webhooks: usable('webhooks', webhook, webhooks, unused, (entry, index, leaveOut) => {
      if (index >= MAX_WEBHOOKS) return leaveOut('', `is one too many: there may be ${MAX_WEBHOOKS}`);
      for (const [at, scope] of entry.scopes.entries())
        if (scope !== 'trigger') leaveOut(`/scopes/${at}`, 'is ignored: a signed webhook may only trigger');
      return [{ ...entry, scopes: entry.scopes.filter((scope) => scope === 'trigger') }];
    }),
    signatureKeys: usable('signatureKeys', signatureKey, signatureKeys, unused, (entry) => [entry]),
  };
  if (unused.length > 0) onUnused?.(unused);
  return secret;
}

/** Decodes a webhook's secret into its key. */
export function webhookKey(secret: string): Buffer {
  return Buffer.from(secret.slice('whsec_'.length), 'base64');
}

type LeaveOut = (pointer: string, detail: string) => [];

/** Returns the entries that `use` takes of those that match the schema; `unused` gets why others are left out. */
function usable<S extends v.GenericSchema>(
  list: List,
  schema: S,
  given: readonly unknown[],
  unused: Mistake[],
  use: (entry: v.InferOutput<S>, index: number, leaveOut: LeaveOut) => v.InferOutput<S>[],
): v.InferOutput<S>[] {
  return given.flatMap((input, index) => {
    const leaveOut: LeaveOut = (pointer, detail) => {
      unused.push({ pointer: `#/${list}/${index}${pointer}`, detail });
      return [];
    };
    const result = validate(schema, input);
    if (result.ok) return use(result.value, index, leaveOut);
    return result.mistakes.flatMap(({ pointer, detail }) => leaveOut(pointer.slice(1), detail));
  });
}
