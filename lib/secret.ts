import * as v from 'valibot';
import { ConfigError, SCOPES } from './config.ts';
import { parseWritten, validate } from './validation.ts';

/**
 * The secret's JSON: Twilio's credentials and who may call. Nothing of it is ever logged. Unknown members
 * are let pass, so that a secret can be written before the version that reads it is deployed. An optional
 * member may be null.
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
    v.transform((text) => text || undefined),
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

const secretSchema = v.object({
  accountSid: sidOf('AC', 'an account SID'),
  apiKeySid: sidOf('SK', 'an API key SID'),
  apiKeySecret: nonEmpty,
  /** Only for checking X-Twilio-Signature. */
  authToken: maybeText,
  /** Twilio's second one, while the first is being changed: both are taken. */
  secondaryAuthToken: maybeText,
  callers: v.array(v.object({ name, token: nonEmpty, scopes, flows })),
  webhooks: v.optional(
    v.array(
      v.object({
        name,
        secret: v.pipe(v.string(), v.regex(/^whsec_[A-Za-z0-9+/]+=*$/, 'must be whsec_ and base64')),
        scopes,
        flows,
      }),
    ),
    [],
  ),
  /** Customer-owned keys that Twilio signs webhooks with; during a rotation two of them. */
  signatureKeys: v.optional(v.array(v.object({ sid: signatureKeySid, secret: nonEmpty })), []),
});

export type Secret = v.InferOutput<typeof secretSchema>;

/** Reads the secret's JSON. Throws a ConfigError that names every mistake, and no value. */
export function readSecret(json: string): Secret {
  let input: unknown;
  try {
    input = parseWritten(json);
  } catch {
    throw new ConfigError('The secret', [{ pointer: '#', detail: 'is not JSON' }]);
  }
  const result = validate(secretSchema, input);
  if (!result.ok) throw new ConfigError('The secret has mistakes', result.mistakes);
  return result.value;
}
