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
  const secret = {
    ...rest,
    callers: distinctTokens(usable('callers', caller, callers, unused), unused),
    webhooks: triggering(usable('webhooks', webhook, webhooks, unused, MAX_WEBHOOKS), unused),
    signatureKeys: usable('signatureKeys', signatureKey, signatureKeys, unused).map(({ entry }) => entry),
  };
  if (unused.length > 0) onUnused?.(unused);
  return secret;
}

/** Decodes a webhook's secret into its key. */
export function webhookKey(secret: string): Buffer {
  return Buffer.from(secret.slice('whsec_'.length), 'base64');
}

type Entry<T> = { index: number; entry: T };

function usable<S extends v.GenericSchema>(
  list: List,
  schema: S,
  given: readonly unknown[],
  unused: Mistake[],
  most = Number.POSITIVE_INFINITY,
): Entry<v.InferOutput<S>>[] {
  return given.flatMap((input, index) => {
    const result = validate(schema, input);
    const tooMany = [{ pointer: '#', detail: `is one too many: there may be ${most}` }];
    const mistakes = result.ok ? (index < most ? [] : tooMany) : result.mistakes;
    unused.push(
      ...mistakes.map(({ pointer, detail }) => ({
        pointer: `#/${list}/${index}${pointer.slice(1)}`,
        detail,
      })),
    );
    return result.ok && mistakes.length === 0 ? [{ index, entry: result.value }] : [];
  });
}

/** Leaves out an entry whose token an earlier one has, so that the order of comparison does not matter. */
function distinctTokens(
  found: readonly Entry<Secret['callers'][number]>[],
  unused: Mistake[],
): Secret['callers'] {
  const taken = new Set<string>();
  return found.flatMap(({ index, entry }) => {
    if (!taken.has(entry.token)) {
      taken.add(entry.token);
      return [entry];
    }
    unused.push({ pointer: `#/callers/${index}/token`, detail: 'is the token of an earlier entry' });
    return [];
  });
}

/** Keeps only the scope `trigger`: a signature covers one message and authorises nothing else. */
function triggering(
  found: readonly Entry<Secret['webhooks'][number]>[],
  unused: Mistake[],
): Secret['webhooks'] {
  return found.map(({ index, entry }) => {
    for (const [at, scope] of entry.scopes.entries())
      if (scope !== 'trigger')
        unused.push({
          pointer: `#/webhooks/${index}/scopes/${at}`,
          detail: 'is ignored: a signed webhook may only trigger',
        });
    return { ...entry, scopes: entry.scopes.filter((scope) => scope === 'trigger') };
  });
}
