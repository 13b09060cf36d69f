import * as v from 'valibot';
import { ConfigError, refuseRepeatedNames, SCOPES, type Scope } from '../../../lib/config/configuration.ts';
import { readSecret } from '../../../lib/config/secret.ts';
import { type Mistake, validate, withoutByteOrderMark } from '../../../lib/config/validation.ts';
import { parseJson } from '../../../lib/studio/json/json.ts';
import { fieldsOf } from '../../../lib/studio/json/parse.ts';
import { Failed } from '../tool.ts';

/**
 * The secret's JSON while it is edited. Members that this version does not know stay as they are. Changes are
 * values: nothing here reads, writes or prints.
 */

export type Grant = { name: string; scopes: Scope[]; flows?: string[] };
export type Caller = Grant & { token: string };
export type Webhook = Grant & { secret: string };
export type SignatureKey = { sid: string; secret: string };
export type SecretDocument = Record<string, unknown> & {
  callers: Caller[];
  webhooks: Webhook[];
  signatureKeys?: SignatureKey[];
};

export type TwilioCredentials = {
  accountSid: string;
  apiKeySid: string;
  apiKeySecret: string;
  authToken?: string;
};

/** Checks only the shape, so that entries that the functions do not use can be shown, rotated and removed. */
const grant = {
  name: v.string(),
  scopes: v.array(v.picklist(SCOPES)),
  flows: v.nullish(v.array(v.string())),
};
const listsSchema = v.object({
  callers: v.array(v.object({ ...grant, token: v.string() })),
  webhooks: v.nullish(v.array(v.object({ ...grant, secret: v.string() }))),
  signatureKeys: v.nullish(v.array(v.object({ sid: v.string(), secret: v.string() }))),
});

export const EMPTY: SecretDocument = { callers: [], webhooks: [] };

/** Reads what is stored. Throws a ConfigError with every mistake: a broken secret is not written over. */
export function parseDocument(json: string): SecretDocument {
  const mistakes = mistakesOf(() => readSecret(json));
  // A mistake at `#` concerns the text as a whole. All others are reported together with those of the
  // entries.
  if (mistakes.some(({ pointer }) => pointer === '#')) throw new ConfigError('The secret', mistakes);
  const text = withoutByteOrderMark(json);
  refuseRepeatedNames('The secret', text);
  const raw = fieldsOf(parseJson(text)) ?? {};
  const lists = validate(listsSchema, raw);
  if (!lists.ok || mistakes.length > 0)
    throw new ConfigError('The secret has mistakes', [...mistakes, ...(lists.ok ? [] : lists.mistakes)]);
  const { callers, webhooks, signatureKeys } = lists.value;
  return {
    ...raw,
    callers: callers.map(tidy),
    webhooks: (webhooks ?? []).map(tidy),
    ...(signatureKeys && { signatureKeys }),
  };
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

/** What is stored. Throws a ConfigError where the functions would refuse it. */
export function formatDocument(document: SecretDocument): string {
  const json = JSON.stringify(document, null, 2);
  readSecret(json);
  return json;
}

/** Lists what the functions would not use, without naming a value. */
export function unusedOf(document: SecretDocument): string[] {
  const found: string[] = [];
  readSecret(JSON.stringify(document), (mistakes) => {
    for (const { pointer, detail } of mistakes) found.push(`${pointer} ${detail}`);
  });
  return found;
}

/** The credentials in it, or null where it was never filled in. */
export function credentialsOf(document: SecretDocument): TwilioCredentials | null {
  if (document['accountSid'] === undefined) return null;
  const { accountSid, apiKeySid, apiKeySecret, authToken } = readSecret(JSON.stringify(document));
  return { accountSid, apiKeySid, apiKeySecret, ...(authToken !== undefined && { authToken }) };
}

export function withCredentials(document: SecretDocument, credentials: TwilioCredentials): SecretDocument {
  const { authToken: _before, ...rest } = document;
  return { ...rest, ...credentials, callers: document.callers, webhooks: document.webhooks };
}

/** The entries of one kind: who calls with a token, or who signs with a secret. The newest of a name is the last. */
type Named = { name: string };

export function add<T extends Named>(entries: readonly T[], entry: T): T[] {
  if (entries.some(({ name }) => name === entry.name))
    throw new Failed([`There is ${entry.name} already: rotate or remove it.`]);
  return [...entries, entry];
}

/** One more for that name, with the same rights; what was valid stays valid until it is retired. */
export function rotate<T extends Named>(entries: readonly T[], name: string, fresh: Partial<T>): T[] {
  return [...entries, { ...newestOf(entries, name), ...fresh }];
}

/** Only the newest of that name stays. */
export function retire<T extends Named>(entries: readonly T[], name: string): T[] {
  const newest = newestOf(entries, name);
  const left = entries.filter((one) => one.name !== name || one === newest);
  if (left.length === entries.length) throw new Failed([`${name} has one only: there is nothing to retire.`]);
  return left;
}

export function remove<T extends Named>(entries: readonly T[], name: string): T[] {
  newestOf(entries, name);
  return entries.filter((one) => one.name !== name);
}

function newestOf<T extends Named>(entries: readonly T[], name: string): T {
  const newest = entries.findLast((one) => one.name === name);
  if (newest) return newest;
  const names = [...new Set(entries.map((one) => one.name))].join(', ');
  throw new Failed([`There is no ${name}${names && ` among ${names}`}.`]);
}

/** Without a member that is undefined, which is something else than none to the compiler. */
function tidy<T extends { flows?: string[] | null | undefined }>({ flows, ...rest }: T) {
  return { ...rest, ...(flows && { flows }) };
}
