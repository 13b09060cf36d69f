import * as v from 'valibot';
import { ConfigError, refuseRepeatedNames, SCOPES } from '../../../lib/config/configuration.ts';
import { readSecret, type Secret } from '../../../lib/config/secret.ts';
import { type Mistake, validate, withoutByteOrderMark } from '../../../lib/config/validation.ts';
import { parseJson } from '../../../lib/studio/json/json.ts';
import { fieldsOf } from '../../../lib/studio/json/parse.ts';

/**
 * The secret's JSON while it is edited. Unknown members are kept. Nothing in this file reads, writes or
 * prints.
 */

/** Checks only the shape, so that entries that the functions do not use can be shown, rotated and removed. */
const grant = v.looseObject({
  name: v.string(),
  scopes: v.array(v.picklist(SCOPES)),
  flows: v.nullish(v.array(v.string())),
});
const documentSchema = v.looseObject({
  callers: v.array(v.looseObject({ ...grant.entries, token: v.string() })),
  webhooks: v.nullish(v.array(v.looseObject({ ...grant.entries, secret: v.string() })), []),
  signatureKeys: v.nullish(v.array(v.looseObject({ sid: v.string(), secret: v.string() }))),
});

export type Grant = v.InferOutput<typeof grant>;
export type SecretDocument = v.InferOutput<typeof documentSchema>;
export type TwilioCredentials = Pick<Secret, 'accountSid' | 'apiKeySid' | 'apiKeySecret' | 'authToken'>;

export const EMPTY: SecretDocument = { callers: [], webhooks: [] };

/**
 * Parses the stored secret. Throws a ConfigError with every mistake, so that a broken secret is not
 * overwritten.
 */
export function parseDocument(json: string): SecretDocument {
  const mistakes = mistakesOf(() => readSecret(json));
  // A mistake at `#` concerns the whole text. All others are reported together with those of the entries.
  if (mistakes.some(({ pointer }) => pointer === '#')) throw new ConfigError('The secret', mistakes);
  const text = withoutByteOrderMark(json);
  refuseRepeatedNames('The secret', text);
  const document = validate(documentSchema, fieldsOf(parseJson(text)) ?? {});
  if (document.ok && mistakes.length === 0) return document.value;
  throw new ConfigError('The secret has mistakes', [...mistakes, ...(document.ok ? [] : document.mistakes)]);
}

function mistakesOf(read: () => unknown): Mistake[] {
  try {
    read();
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.mistakes;
    throw error;
  }
}

/** Returns the JSON to store. Throws a ConfigError if the functions would refuse it. */
export function formatDocument(document: SecretDocument): string {
  const json = JSON.stringify(document, null, 2);
  readSecret(json);
  return json;
}

/** Lists the parts that the functions would ignore, without their values. */
export function unusedOf(document: SecretDocument): string[] {
  const found: string[] = [];
  readSecret(JSON.stringify(document), (mistakes) => {
    for (const { pointer, detail } of mistakes) found.push(`${pointer} ${detail}`);
  });
  return found;
}

/** Returns the credentials, or null if the secret was never filled in. */
export function credentialsOf(document: SecretDocument): TwilioCredentials | null {
  if (document['accountSid'] === undefined) return null;
  const { accountSid, apiKeySid, apiKeySecret, authToken } = readSecret(JSON.stringify(document));
  return { accountSid, apiKeySid, apiKeySecret, ...(authToken !== undefined && { authToken }) };
}

export function withCredentials(document: SecretDocument, credentials: TwilioCredentials): SecretDocument {
  const { authToken: _before, ...rest } = document;
  return { ...rest, ...credentials, callers: document.callers, webhooks: document.webhooks };
}
