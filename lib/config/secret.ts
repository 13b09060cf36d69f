import * as v from 'valibot';
import { ConfigError, parseWritten, SCOPES, sidOf } from './configuration.ts';
import { type Mistake, validate } from './validation.ts';

/**
 * The secret's JSON: Twilio's credentials, and the callers of the API. Its values are never logged. Unknown
 * members are ignored, so that a secret can be written before the version that reads it is deployed. An
 * optional member may be null.
 */

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
  const whole = validate(secretSchema, parseWritten('The secret', json));
  if (!whole.ok) throw new ConfigError('The secret has mistakes', whole.mistakes);
  const unused: Mistake[] = [];
  const usable = <S extends v.GenericSchema>(
    list: List,
    schema: S,
    ignoredIn = (_entry: v.InferOutput<S>, _index: number): Mistake[] => [],
  ) =>
    whole.value[list].flatMap((input, index): v.InferOutput<S>[] => {
      const result = validate(schema, input);
      for (const { pointer, detail } of result.ok ? ignoredIn(result.value, index) : result.mistakes)
        unused.push({ pointer: `#/${list}/${index}${pointer.slice('#'.length)}`, detail });
      return result.ok ? [result.value] : [];
    });
  const tokens = new Set<string>();
  const secret = {
    ...whole.value,
    callers: usable('callers', caller, ({ token }) => {
      const isRepeated = tokens.has(token);
      tokens.add(token);
      return isRepeated ? [{ pointer: '#/token', detail: 'is the token of an earlier entry' }] : [];
    }).filter(({ token }, at, all) => all.findIndex((one) => one.token === token) === at),
    webhooks: usable('webhooks', webhook, ignoredInWebhook).slice(0, MAX_WEBHOOKS),
    signatureKeys: usable('signatureKeys', signatureKey),
  };
  if (unused.length > 0) onUnused?.(unused);
  return secret;
}

/** A signed webhook may only trigger, whatever its scopes: admit.ts holds it to that. */
function ignoredInWebhook({ scopes }: v.InferOutput<typeof webhook>, index: number): Mistake[] {
  if (index >= MAX_WEBHOOKS)
    return [{ pointer: '#', detail: `is one too many: there may be ${MAX_WEBHOOKS}` }];
  return scopes.flatMap((scope, at) => {
    const detail = 'is ignored: a signed webhook may only trigger';
    return scope === 'trigger' ? [] : [{ pointer: `#/scopes/${at}`, detail }];
  });
}

/** Decodes a webhook's secret into its key. */
export function webhookKey(secret: string): Buffer {
  return Buffer.from(secret.slice('whsec_'.length), 'base64');
}
